"""Every option of the project, typed, validated at start, printable without secrets.

Read, from the weakest to the strongest: the defaults (`fraudstream.settings_fields`), the environment,
``.env``, the runtime properties of Managed Flink, the command line. The project's own names carry the
prefix ``FRAUDSTREAM_`` in the environment (``FRAUDSTREAM_PARALLELISM=4``), none elsewhere
(``--parallelism 4``); the AWS names are the usual ones. Credentials are not settings: the AWS
clients find them in the environment, a profile or a role, and nothing here can print them.
"""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, CliSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as UnreadableSource

from fraudstream.duration import format_duration
from fraudstream.settings_fields import (
    ENV_PREFIX,
    NESTED,
    OUTPUTS,
    ROOT,
    Duration,
    EmulatorSettings,
    SettingsFields,
    StreamName,
)
from fraudstream.settings_sources import (
    ENV_FILE,
    ENV_FILE_VARIABLE,
    MANAGED_FLINK_PROPERTIES,
    PROPERTY_GROUP,
    DotEnvSource,
    EnvironmentSource,
    ManagedFlinkSource,
    SettingsError,
)

__all__ = [
    "CREDENTIAL_NAMES",
    "ENV_FILE",
    "ENV_FILE_VARIABLE",
    "ENV_PREFIX",
    "MANAGED_FLINK_PROPERTIES",
    "NESTED",
    "PROPERTY_GROUP",
    "ROOT",
    "Duration",
    "EmulatorSettings",
    "Settings",
    "SettingsError",
    "StreamName",
    "export_aws_credentials",
]

_OTHER_NAMES: Final = frozenset({ENV_FILE_VARIABLE})
"""It says where settings are, and is none."""

CREDENTIAL_NAMES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
)
"""What says who we are to AWS; one set, never mixed from two places."""


class Settings(SettingsFields):
    """The settings of every command; each uses the part that concerns it."""

    @model_validator(mode="after")
    def _streams_are_different(self) -> Self:
        streams = (
            self.transactions_stream,
            self.alerts_stream,
            self.dead_letters_stream,
            self.labels_stream,
            self.scored_stream,
        )
        if len(set(streams)) < len(streams):
            msg = f"two of the streams have the same name ({', '.join(streams)}): give each its own"
            raise ValueError(msg)
        if "off" in streams[:-1]:
            msg = "only scored_stream can be 'off': give the other streams a name"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _parallelism_has_room(self) -> Self:
        if self.parallelism > self.max_parallelism:
            msg = (
                f"parallelism: {self.parallelism} is more than max_parallelism {self.max_parallelism}; "
                "raise that, or lower this"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _streams_or_files(self) -> Self:
        outputs = [name for name in OUTPUTS if getattr(self, name) is not None]
        if self.source is None and outputs:
            msg = f"{', '.join(outputs)}: an output file needs an input file: give --source too"
            raise ValueError(msg)
        if self.source is None and (self.labels or self.source_rate):
            msg = "labels and source_rate go with a file: give --source, or --label-feedback true"
            raise ValueError(msg)
        if self.source is None and self.source_ttl is not None:
            msg = "source_ttl goes with a file: a stream's state is kept as long as its windows need it"
            raise ValueError(msg)
        if self.source_ramp and self.source_rate is None:
            msg = "source_ramp leads up to a rate: give --source-rate too"
            raise ValueError(msg)
        if self.source is not None and self.label_feedback:
            msg = "label_feedback reads a stream: with --source, give --labels FILE"
            raise ValueError(msg)
        if self.source is not None and self.from_savepoint is not None:
            msg = (
                "from_savepoint goes with a stream: a file is read from its beginning; leave one of them out"
            )
            raise ValueError(msg)
        if self.source is not None and not outputs:
            msg = "--source needs an output: --features-out, --scores-out, --alerts-out or --dead-letters-out"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _files_are_different(self) -> Self:
        files = {name: getattr(self, name) for name in ("catalogue", "source", "labels", *OUTPUTS)}
        resolved = {
            name: path.resolve() if isinstance(path, Path) else path
            for name, path in files.items()
            if path is not None
        }
        path, times = max(Counter(resolved.values()).items(), key=lambda pair: pair[1], default=("", 0))
        if times > 1:
            names = " and ".join(name for name in resolved if resolved[name] == path)
            msg = f"two of the files are the same ({names} are {path}): give each a file of its own"
            raise ValueError(msg)
        return self

    @property
    def endpoint_url(self) -> str | None:
        """The endpoint in place of AWS's own, or None for AWS: AWS_ENDPOINT_URL, else LOCALSTACK_HOST."""
        if self.aws_endpoint_url is not None:
            return self.aws_endpoint_url
        if self.localstack_host is None:
            return None
        host = self.localstack_host
        return f"http://{host}" if urlsplit(f"//{host}").port else f"http://{host}:4566"

    @property
    def is_emulator(self) -> bool:
        """Whether the endpoint is an emulator; one behind plain http is, unless the setting says no."""
        if self.emulator.enabled is not None:
            return self.emulator.enabled
        return (self.endpoint_url or "").startswith("http://")

    @property
    def poll_interval_ms(self) -> int:
        """The pause between two reads of a shard: an emulator may be asked more often than AWS."""
        return self.emulator.poll_interval_ms if self.is_emulator else self.shard_poll_interval_ms

    @classmethod
    def load(
        cls,
        arguments: Sequence[str] = (),
        *,
        properties_file: Path = MANAGED_FLINK_PROPERTIES,
        env_file: Path | None = ENV_FILE,
    ) -> "Settings":
        """Read the settings from all their sources; raises `SettingsError` if any can't be used."""

        class Sources(cls):  # type: ignore[misc, valid-type]
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                *_unused: PydanticBaseSettingsSource,
                **_also_unused: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return (
                    CliSettingsSource(
                        settings_cls,
                        cli_parse_args=list(arguments),
                        cli_kebab_case=True,
                        cli_prog_name="feature_job.py",
                        cli_hide_none_type=True,
                    ),
                    ManagedFlinkSource(settings_cls, properties_file),
                    DotEnvSource(settings_cls, env_file, others=_OTHER_NAMES),
                    EnvironmentSource(settings_cls, others=_OTHER_NAMES),
                )

        try:
            values = Sources()
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from None
        except UnreadableSource as error:
            msg = f"{error}; give each part by a name of its own"
            raise SettingsError(msg) from None
        return cls.model_construct(values.model_fields_set, **dict(values))

    def table(self) -> list[tuple[str, str]]:
        """Return each setting and its value as text; there are no secrets among them."""
        return [(name, str(getattr(self, name))) for name in type(self).model_fields]


def export_aws_credentials(env_file: Path = ENV_FILE) -> None:
    """Put the AWS credentials of ``env_file`` into the environment, where boto3 and the JVM look.

    The file wins, as it does for settings, and it wins as a whole: if it holds any of
    `CREDENTIAL_NAMES`, the others are taken out of the environment, since the session token of one
    identity with the key of another is nobody's. Without the file, or any of them in it, nothing changes.
    """
    values = dotenv_values(env_file) if env_file.is_file() else {}
    found = {name: value for name in CREDENTIAL_NAMES if (value := values.get(name))}
    if found:
        for name in CREDENTIAL_NAMES:
            os.environ.pop(name, None)
        os.environ.update(found)


def _explain(problem: Any) -> str:  # noqa: ANN401 - pydantic's error is a loose dictionary
    name = ".".join(str(part) for part in problem["loc"])
    field = name.lower()
    if problem["type"] == "extra_forbidden":
        return f"{name}: there is no such setting; see --help for those that there are"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not field:
        return message
    description = Settings.model_fields[field].description if field in Settings.model_fields else None
    meaning = f" ({description})" if description else ""
    value = problem["input"]
    if isinstance(value, timedelta):
        value = format_duration(round(value / timedelta(milliseconds=1)))
    return f"{field}: {value!r} can't be used: {message}{meaning}"
