"""Source of a producer's records: the simulated bank, a file, or the transaction API."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from fraudstream.runtime.settings_sources import ENV_FILE, SettingsError, read_env_file
from producer.mixing import RecordItem
from producer.source_api import ApiAccess
from producer.source_files import ENDINGS, ending_of, file_items, labelled_file_items, truth_path

if TYPE_CHECKING:
    import typer

SOURCE_HELP: Final = "'bank' (the simulated bank), 'api' (at TRANSACTION_API_URL), or a file"

DECISION_API_DEFAULT_URL: Final = "http://127.0.0.1:8000"
_DECISION_CREDENTIALS: Final = frozenset(f"DECISION_API_{name}" for name in ("KEY", "KEY_FILE", "TOKEN"))


@dataclass(frozen=True, slots=True)
class RecordSource:
    """Source that ``--source`` names; ``path`` is None unless it is a file."""

    kind: Literal["bank", "file", "api"]
    path: Path | None = None

    @classmethod
    def named(cls, text: str) -> "RecordSource":
        """Return the source that a command line names; raises ``ValueError`` for an unusable file."""
        if text == "bank":
            return cls("bank")
        if text == "api":
            return cls("api")
        path = Path(text)
        if not path.is_file():
            msg = f"--source {text}: file not found; use 'bank', 'api' or an existing file"
            raise ValueError(msg)
        if ending_of(path) is None:
            msg = f"--source {text}: unknown file type; the name must end in one of {', '.join(ENDINGS)}"
            raise ValueError(msg)
        return cls("file", path)

    def reason_without_labels(self) -> str | None:
        """Return the reason why there are no labels, or None if there are labels."""
        if self.kind == "api":
            return "the transaction API does not return labels"
        if self.path is not None and not truth_path(self.path).is_file():
            return f"{truth_path(self.path)} not found"
        return None

    def file_items(self) -> Iterator[RecordItem]:
        """Read the file, with its labels if their file is beside it."""
        assert self.path is not None  # noqa: S101 - the caller has checked the kind
        return file_items(self.path) if self.reason_without_labels() else labelled_file_items(self.path)

    def refuse_bank_options(self, context: "typer.Context", names: Sequence[str]) -> None:
        """Raise ``ValueError`` if one of these options of the simulated bank is given with another source."""
        given = [
            name
            for name in names
            if (origin := context.get_parameter_source(name)) and origin.name == "COMMANDLINE"
        ]
        if given and self.kind != "bank":
            options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            msg = f"{options}: only for the simulated bank; remove it, or use --source bank"
            raise ValueError(msg)


def api_access(env_file: Path = ENV_FILE) -> ApiAccess:
    """Return the API's address and credentials from the environment and ``.env``.

    ``.env`` wins, as it does for settings. Raises ``ValueError`` if neither has the address, or ``.env``
    can't be read.
    """
    return ApiAccess.from_variables(_variables(env_file))


def decision_api_access(
    url: str | None, key: str | None, token: str | None, env_file: Path = ENV_FILE
) -> ApiAccess:
    """Return the decision API's address and credentials.

    Each is the one given, else that of the variables DECISION_API_URL, _KEY, _KEY_FILE and _TOKEN. Without an
    address it is the default one on this machine. Raises ``ValueError`` as `api_access` does.
    """
    variables = _variables(env_file)
    if key or token:
        variables = {name: value for name, value in variables.items() if name not in _DECISION_CREDENTIALS}
    given = {"URL": url or variables.get("DECISION_API_URL") or DECISION_API_DEFAULT_URL}
    given |= {name: value for name, value in (("KEY", key), ("TOKEN", token)) if value}
    variables |= {f"DECISION_API_{name}": value for name, value in given.items()}
    return ApiAccess.from_variables(variables, "DECISION_API_")


def api_access_if_set(env_file: Path = ENV_FILE) -> ApiAccess | None:
    """Return what `api_access` does, or None if no address is set."""
    variables = _variables(env_file)
    return ApiAccess.from_variables(variables) if variables.get("TRANSACTION_API_URL") else None


def _variables(env_file: Path) -> dict[str, str]:
    try:
        in_file = read_env_file(env_file)
    except SettingsError as error:
        raise ValueError(str(error)) from None
    return os.environ | {name: value for name, value in in_file.items() if value}
