"""Settings sources besides the command line: environment, ``.env`` and Managed Flink's properties file."""

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import BaseModel
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
)

NESTED: Final = "__"
"""Delimiter between a setting and its nested field in an environment variable."""
LOOKS_ALIKE: Final = 0.85
"""Similarity (difflib's ratio) from which an unknown name is considered a misspelt setting."""
MANAGED_FLINK_PROPERTIES: Final = Path("/etc/flink/application_properties.json")
"""File in which Managed Flink provides the runtime properties of an application."""
PROPERTY_GROUP: Final = "fraudstream"
"""The runtime property group that is read; its keys are the names of the settings."""
ENV_FILE_VARIABLE: Final = "FRAUDSTREAM_ENV_FILE"
ENV_FILE: Final = Path(os.environ.get(ENV_FILE_VARIABLE, ".env"))
"""Settings file: ``.env`` in the current folder, or the file that the variable names."""
ENV_FILE_ENCODING: Final = "utf-8-sig"
"""UTF-8; a byte order mark, as some editors write it, is no part of the first name."""


class SettingsError(Exception):
    """Invalid settings; the message has a line for each: field, value, remedy."""


def read_env_file(path: Path) -> dict[str, str | None]:
    """Return the variables of a settings file; none if there is no such file.

    Raises `SettingsError`, without anything of the content, if the file can't be read as text.
    """
    with _unreadable_reported(path):
        values = dotenv_values(path, encoding=ENV_FILE_ENCODING) if path.is_file() else {}
    _check_text(path, values.values())
    return values


@contextmanager
def _unreadable_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        msg = f"{path} is not UTF-8 text: save it as UTF-8"
        raise SettingsError(msg) from None
    except OSError as error:
        msg = f"{path} can't be read ({error.strerror}): let this user read it, or remove it"
        raise SettingsError(msg) from None


def _check_text(path: Path, values: Iterable[str | None]) -> None:
    if any("\0" in (value or "") for value in values):
        msg = f"{path} has null characters: save it as UTF-8 text"
        raise SettingsError(msg)


class EnvironmentSource(EnvSettingsSource):
    """The environment. Variables of other programs are ignored, unknown names with the prefix are errors.

    ``others`` are names that have the prefix but are not settings; they are ignored. If other programs share
    the prefix (``is_prefix_shared``), an unknown name is an error only if it looks like a misspelt setting.
    """

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        *,
        others: frozenset[str] = frozenset(),
        is_prefix_shared: bool = False,
        **options: Any,  # noqa: ANN401 - those of the other base class of `DotEnvSource`
    ) -> None:
        super().__init__(settings_cls, **options)
        self._others = others
        self._is_prefix_shared = is_prefix_shared

    def __call__(self) -> dict[str, Any]:
        """Return the settings found, and unknown names without a value: pydantic rejects them as extra.

        Raises `SettingsError` if two variables give one setting different values.
        """
        self._refuse_two_values(self.env_vars)
        prefix = self.settings_cls.model_config["env_prefix"]
        names = {name.upper() for name in self.env_vars if name.upper().startswith(prefix)} - self._others
        fields = {name: name.removeprefix(prefix).lower() for name in names}
        unknown = {name: None for name, field in fields.items() if self._is_mistake(field)}
        return super().__call__() | unknown

    def _refuse_two_values(self, variables: Mapping[str, str | None]) -> None:
        for names in getattr(self.settings_cls, "one_value_of", ()):
            given = {name: value for name in names if (value := variables.get(name.lower()))}
            if len(set(given.values())) > 1:
                shown = " and ".join(f"{name}={value!r}" for name, value in given.items())
                msg = f"{shown} name the same setting with different values: remove one, or make them equal"
                raise SettingsError(msg)

    def _is_mistake(self, field: str) -> bool:
        if _is_setting(self.settings_cls, field):
            return False
        similar = difflib.get_close_matches(field, self.settings_cls.model_fields, 1, LOOKS_ALIKE)
        return bool(similar) or not self._is_prefix_shared


class DotEnvSource(EnvironmentSource, DotEnvSettingsSource):
    """Like `EnvironmentSource`, for ``.env``, which also holds AWS credentials and unrelated variables."""

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        env_file: Path | None,
        *,
        others: frozenset[str] = frozenset(),
        is_prefix_shared: bool = False,
    ) -> None:
        self._path = env_file or ENV_FILE
        with _unreadable_reported(self._path):
            super().__init__(
                settings_cls,
                others=others,
                is_prefix_shared=is_prefix_shared,
                env_file=env_file,
                env_file_encoding=ENV_FILE_ENCODING,
                dotenv_filtering="only_existing",
            )

    def __call__(self) -> dict[str, Any]:
        """Return the settings found; raises `SettingsError` if the file has one of several lines.

        A quote that is not closed makes one value of many lines, and messages would show all of them.
        """
        _check_text(self._path, self.env_vars.values())
        # The two names may be in different places; a program that read one of them would be as wrong.
        in_environment = {name.lower(): value for name, value in os.environ.items()}
        self._refuse_two_values({**in_environment, **self.env_vars})
        found = super().__call__()
        for name, value in found.items():
            if _has_lines(value):
                msg = f"{self._path}: {name} has several lines: close its quote on the line where it begins"
                raise SettingsError(msg)
        return found


def _has_lines(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_lines(each) for pair in value.items() for each in pair)
    return isinstance(value, str) and len(value.splitlines()) > 1


def _is_setting(settings_cls: type[BaseSettings], name: str) -> bool:
    field_name, delimiter, _ = name.partition(NESTED)
    field = settings_cls.model_fields.get(field_name)
    return field is not None and (not delimiter or isinstance(field.default, BaseModel))


class ManagedFlinkSource(PydanticBaseSettingsSource):
    """The property group `PROPERTY_GROUP` of Managed Flink's file; empty if there is no such file."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        self._path = path

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401 - pydantic's signature
        """Return one setting's value and name, as pydantic's interface requires."""
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the settings found; raises `SettingsError` if the file is not a list of property groups."""
        if not self._path.is_file():
            return {}
        properties: dict[str, Any] = {}
        try:
            for group in json.loads(self._path.read_text(encoding="utf-8")):
                if group["PropertyGroupId"] == PROPERTY_GROUP:
                    for key, value in group["PropertyMap"].items():
                        _set_nested(properties, key.split("."), value)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            # Not its repr: that of a decoding error has the whole file.
            reason = f"{type(error).__name__}: {error}"
            msg = f"{self._path} is not a list of property groups ({reason}); use Managed Flink's own file"
            raise SettingsError(msg) from None
        return properties


def _set_nested(target: dict[str, Any], path: list[str], value: object) -> None:
    *parents, last = path
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value
