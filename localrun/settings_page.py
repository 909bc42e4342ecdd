"""The page of every program's settings, ``docs/settings.md``: ``python -m localrun.settings_page`` writes it.

Names, defaults, limits and meanings come from the settings classes. It lives beside `localrun` since only a
package that puts programs together may import the settings of several.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import NoneType
from typing import Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from alerts.alert_settings import AlertSettings
from alerts.aws_lambda.lambda_alert_settings import LambdaAlertSettings
from fraudstream.domain.duration import format_duration
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import ENV_FILE_VARIABLE, NESTED
from fraudstream.streams.stream_settings import StreamSettings
from jobs.job_settings import JobSettings
from producer.api.api_settings import ApiSettings
from serving.serving_settings import ServingSettings

PAGE: Final = ROOT / "docs" / "settings.md"
HEAD: Final = f"""# Settings

<!-- Written by make settings-page from the settings classes. Do not edit. -->

Settings are checked when a program starts. An invalid setting stops it with exit code 2 and a line that has
the setting, its value and the fix. So does a misspelt name with the program's prefix.

## Sources

The later source in this list wins:

1. the default,
2. the environment,
3. the file `.env` in the folder where the command is started, or the file that `{ENV_FILE_VARIABLE}` names
   ([.env.example](../.env.example)): it wins over the shell,
4. for the job, the runtime properties of Managed Flink: the names below in small letters, without the prefix,
5. the command line: every option of the job, and `--host` and `--port` of the transaction API.

Credentials are not settings. They come from the AWS SDK's own chain and are never shown. An emulator accepts
any credentials.

Durations are a whole number and a unit: `100ms`, `30s`, `5m`, `24h`, `7d`.
"""


@dataclass(frozen=True, slots=True)
class SettingsSection:
    """The settings of one program; ``inherited`` has those that another section lists."""

    title: str
    text: str
    settings: type[BaseSettings]
    inherited: type[BaseSettings] | None = None
    has_options: bool = False
    """Whether each setting is an option of the command line too."""


SECTIONS: Final = (
    SettingsSection(
        "AWS and streams",
        "Every program that reads or writes a stream has these. The job takes them on its command line too.",
        StreamSettings,
        has_options=True,
    ),
    SettingsSection(
        "Job",
        "Settings of `fraudstream job`. Those that name a file or begin with `source` belong to the "
        "[batch mode](batch-mode.md).",
        JobSettings,
        inherited=StreamSettings,
        has_options=True,
    ),
    SettingsSection(
        "Alert consumer", "Settings of `fraudstream alerts`: [docs/alerts.md](alerts.md).", AlertSettings
    ),
    SettingsSection(
        "Lambda function for alerts",
        "Targets of the function of [docs/lambda.md](lambda.md), which has the settings of the alert "
        "consumer too.",
        LambdaAlertSettings,
    ),
    SettingsSection(
        "Transaction API",
        "Settings of `fraudstream api`: [docs/transaction-api.md](transaction-api.md). "
        + ", ".join(f"`{name}`" for name in sorted(ApiSettings.client_names))
        + " are for its clients; the API ignores them.",
        ApiSettings,
    ),
    SettingsSection(
        "Decision API and ingestion gateway",
        "Settings of `fraudstream serve`, besides those of AWS and streams: "
        "[docs/ingestion-gateway.md](ingestion-gateway.md). "
        + ", ".join(f"`{name}`" for name in sorted(ServingSettings.client_names))
        + " are for its clients; the service ignores them.",
        ServingSettings,
    ),
)


def settings_page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(line for section in SECTIONS for line in _section(section))])


def _section(section: SettingsSection) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    yield section.text
    yield ""
    columns = ("setting", *(("option",) if section.has_options else ()), "default", "allowed", "meaning")
    yield _row(columns)
    yield _row(("---",) * len(columns))
    inherited = section.inherited.model_fields if section.inherited else {}
    own = {name: each for name, each in section.settings.model_fields.items() if name not in inherited}
    prefix = section.settings.model_config["env_prefix"]
    for path, field in _leaves(own):
        option = (f"`--{'.'.join(path).replace('_', '-')}`",) if section.has_options else ()
        described = (_default(field), _allowed(field), _meaning(path, field))
        yield _row((_variables(prefix, path, field), *option, *described))
    yield ""


def _leaves(
    fields: Mapping[str, FieldInfo], parents: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Yield each setting with its path; a group of settings, which is a model, is one row for each part."""
    for name, field in fields.items():
        if isinstance(field.default, BaseModel):
            yield from _leaves(type(field.default).model_fields, (*parents, name))
        else:
            yield (*parents, name), field


def _variables(prefix: str, path: tuple[str, ...], field: FieldInfo) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return " or ".join(f"`{each}`" for each in alias.choices if str(each).isupper())
    return f"`{prefix}{NESTED.join(path)}`".upper()


def _default(field: FieldInfo) -> str:
    if field.default in (None, ()):
        return "none"
    return f"`{_text(field.default)}`"


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return format_duration(round(value / timedelta(milliseconds=1))) if value else "0"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Path):
        return value.relative_to(ROOT).as_posix()
    return str(value).replace(f"{ROOT}/", "")


def _allowed(field: FieldInfo) -> str:
    choices = list(_choices(field.annotation))
    if choices:
        return ", ".join(f"`{_text(choice)}`" for choice in choices)
    least = next((_text(each.ge) for each in field.metadata if isinstance(each, Ge)), None)
    most = next((_text(each.le) for each in field.metadata if isinstance(each, Le)), None)
    above = next((_text(each.gt) for each in field.metadata if isinstance(each, Gt)), None)
    below = next((_text(each.lt) for each in field.metadata if isinstance(each, Lt)), None)
    if least is not None and most is not None:
        return f"{least} to {most}"
    limits = (("at least", least), ("above", above), ("at most", most), ("below", below))
    return ", ".join(f"{word} {limit}" for word, limit in limits if limit is not None)


def _choices(annotation: object) -> Iterator[object]:
    """Yield the values that an annotation lists; none where it has a type without a list."""
    if annotation is bool:
        yield from (True, False)
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            if part is not NoneType:
                yield from _choices(part)


def _meaning(path: tuple[str, ...], field: FieldInfo) -> str:
    if not field.description:
        msg = f"the setting {'.'.join(path)} has no description; add one to its Field"
        raise ValueError(msg)
    return field.description.replace("|", r"\|")


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(settings_page())
    sys.stderr.write(f"written: {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
