"""Every option of the project, typed, validated at start, printable without secrets.

Read, from the weakest to the strongest: the defaults below, the environment, ``.env``, the runtime
properties of Managed Flink, the command line. The project's own names carry the prefix
``FRAUDSTREAM_`` in the environment (``FRAUDSTREAM_PARALLELISM=4``), none elsewhere
(``--parallelism 4``); the AWS names are the usual ones. Credentials are not settings: the AWS
clients find them in the environment, a profile or a role, and nothing here can print them.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    CliSettingsSource,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableSource

from fraudstream.duration import format_duration, parse_duration_ms

ROOT: Final = Path(__file__).resolve().parent.parent
MANAGED_FLINK_PROPERTIES: Final = Path("/etc/flink/application_properties.json")
"""Where Managed Flink puts the runtime properties of an application."""
PROPERTY_GROUP: Final = "fraudstream"
"""The runtime property group that is read; its keys are the fields of `Settings`."""
ENV_PREFIX: Final = "FRAUDSTREAM_"
ENV_FILE_VARIABLE: Final = "FRAUDSTREAM_ENV_FILE"
ENV_FILE: Final = Path(os.environ.get(ENV_FILE_VARIABLE, ".env"))
"""The file of settings in the folder where a command is started, or the one that the variable names."""
NESTED: Final = "__"
"""Between a setting and a part of it, in the environment."""
CREDENTIAL_NAMES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
)
"""What says who we are to AWS; one set, never mixed from two places."""


class SettingsError(Exception):
    """Options that can't be used; the message has a line for each: field, value, remedy."""


def _duration(value: object) -> object:
    if isinstance(value, str):
        return timedelta(milliseconds=parse_duration_ms(value))
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
StreamName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.-]{1,128}$")]


class EmulatorSettings(BaseModel):
    """What only a Kinesis emulator needs; real AWS keeps its defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool | None = Field(
        None,
        description="Whether the endpoint is an emulator (no CBOR, HTTP/1.1); "
        "left out: yes if the endpoint is plain http, as LocalStack's is",
    )
    poll_interval_ms: int = Field(
        100, ge=10, le=10_000, description="Pause between two reads of a shard of an emulator"
    )


class Settings(BaseSettings):
    """The settings of every command; each uses the part that concerns it."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=NESTED,
        env_file=".env",
        env_ignore_empty=True,
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )

    # Where AWS, or what stands in for it, is
    aws_region: str = Field(
        "ap-southeast-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        validation_alias=AliasChoices("aws_region", "AWS_REGION", "AWS_DEFAULT_REGION"),
        description="AWS region, like ap-southeast-1",
    )
    aws_endpoint_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+/?$",
        validation_alias=AliasChoices("aws_endpoint_url", "AWS_ENDPOINT_URL"),
        description="Endpoint in place of AWS's own, like http://127.0.0.1:4566",
    )
    localstack_host: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9.-]+(:\d{1,4}|:[1-5]\d{4}|:6[0-4]\d{3})?$",
        validation_alias=AliasChoices("localstack_host", "LOCALSTACK_HOST"),
        description="LocalStack's host, optionally with a port; AWS_ENDPOINT_URL wins over it",
    )
    emulator: EmulatorSettings = EmulatorSettings()

    # Streams
    transactions_stream: StreamName = Field("Transactions", description="Kinesis stream that is read")
    alerts_stream: StreamName = Field("Alerts", description="Kinesis stream of alerts")
    dead_letters_stream: StreamName = Field("DeadLetters", description="Kinesis stream of refused records")
    labels_stream: StreamName = Field("Labels", description="Kinesis stream of the truth, which comes later")
    scored_stream: StreamName = Field(
        "Scored", description="Kinesis stream of all scored transactions with their features; 'off' for none"
    )
    start_position: Literal["TRIM_HORIZON", "LATEST"] = Field(
        "TRIM_HORIZON", description="Where a job without saved state starts to read"
    )

    # The job
    parallelism: int = Field(2, ge=1, le=1024, description="Parallel slots of the job")
    max_parallelism: int = Field(
        128, ge=1, le=32_768, description="Most slots this job's saved state can ever be spread over"
    )
    checkpoint_interval: Duration = Field(
        timedelta(seconds=10), ge=timedelta(milliseconds=100), description="Time between two checkpoints"
    )
    checkpoint_dir: str | None = Field(
        None, description="URI of the checkpoints, like s3://bucket/path; left out: what the cluster has set"
    )
    allowed_lateness: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(0),
        le=timedelta(days=30),
        description="How far a transaction may lie behind its account's newest event time",
    )
    future_tolerance: Duration = Field(
        timedelta(days=1),
        ge=timedelta(0),
        le=timedelta(days=365),
        description="How far an event time may lie past the record's arrival in the stream",
    )
    max_record_bytes: int = Field(
        65_536, ge=1_024, le=1_048_576, description="Largest record that is read; a larger one is refused"
    )
    bundle_time_ms: int = Field(
        20, ge=1, le=10_000, description="Longest wait for a batch of transactions to score"
    )
    bundle_size: int = Field(1_000, ge=1, le=100_000, description="Most transactions scored in one batch")
    rest_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Loopback port of Flink's REST API in the local mini cluster; left out: any free one",
    )
    shard_poll_interval_ms: int = Field(
        200, ge=200, le=60_000, description="Pause between two reads of a shard (AWS allows 5 a second)"
    )

    # What is computed and how it is judged
    catalogue: Path | None = Field(
        None, description="JSON file of the features to compute; left out: the catalogue of the project"
    )
    model: Path = Field(ROOT / "models" / "v1", description="Folder of the model version to score with")
    alert_threshold: float | None = Field(
        None, ge=0, le=1, description="Score from which an alert is sent; left out: the model's own"
    )

    # Bounded mode: files in place of streams
    source: Path | None = Field(None, description="Read this .jsonl or .jsonl.gz file in place of the stream")
    features_out: Path | None = Field(None, description="With --source: write the features to this .jsonl")
    scores_out: Path | None = Field(None, description="With --source: write the scores to this .jsonl")
    dead_letters_out: Path | None = Field(
        None, description="With --source: write the refused records to this .jsonl"
    )
    alerts_out: Path | None = Field(None, description="With --source: write the alerts to this .jsonl")

    @field_validator("catalogue", "source")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            msg = "there is no such file; give the path of one that exists"
            raise ValueError(msg)
        return path

    @field_validator("features_out", "scores_out", "dead_letters_out", "alerts_out")
    @classmethod
    def _can_be_written(cls, path: Path | None) -> Path | None:
        if path is not None and path.is_dir():
            msg = "this is a folder; give the path of a file"
            raise ValueError(msg)
        if path is not None and not path.resolve().parent.is_dir():
            msg = "its folder does not exist; create that first"
            raise ValueError(msg)
        return path

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
            msg = f"parallelism: {self.parallelism} is more than max_parallelism; raise that, or lower this"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _files_go_together(self) -> Self:
        outputs = (self.features_out, self.scores_out, self.dead_letters_out, self.alerts_out)
        if self.source is None and any(outputs):
            msg = "an output file needs an input file: give --source too"
            raise ValueError(msg)
        paths = [path.resolve() for path in (self.source, *outputs) if path is not None]
        if len(set(paths)) < len(paths):
            msg = "two of the files are the same: give each output a file of its own"
            raise ValueError(msg)
        if self.source is not None and not any(outputs):
            msg = "--source needs an output: --features-out, --scores-out, --alerts-out or --dead-letters-out"
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
                    _ManagedFlinkSource(settings_cls, properties_file),
                    _DotEnvSource(settings_cls, env_file=env_file, dotenv_filtering="only_existing"),
                    _EnvironmentSource(settings_cls),
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


class _EnvironmentSource(EnvSettingsSource):
    """The environment: other programs' names are passed over, a misspelt one of ours is not."""

    def __call__(self) -> dict[str, Any]:
        return super().__call__() | _misspelt(self.env_vars)


class _DotEnvSource(DotEnvSettingsSource):
    """The same for ``.env``, which holds the AWS credentials and what else its owner keeps there."""

    def __call__(self) -> dict[str, Any]:
        return super().__call__() | _misspelt(self.env_vars)


def _misspelt(variables: Mapping[str, str | None]) -> dict[str, None]:
    """Return the names with our prefix that are no setting; pydantic then refuses them as extra."""
    ours = (name.upper() for name in variables if name.upper().startswith(ENV_PREFIX))
    names = {name for name in ours if name != ENV_FILE_VARIABLE}
    return {name: None for name in names if not _is_setting(name.removeprefix(ENV_PREFIX).lower())}


def _is_setting(name: str) -> bool:
    field_name, delimiter, _ = name.partition(NESTED)
    field = Settings.model_fields.get(field_name)
    return field is not None and (not delimiter or isinstance(field.default, BaseModel))


class _ManagedFlinkSource(PydanticBaseSettingsSource):
    """The property group `PROPERTY_GROUP` of Managed Flink's file; nothing if there is no such file."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        super().__init__(settings_cls)
        self._path = path

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401 - pydantic's signature
        del field
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        if not self._path.is_file():
            return {}
        properties: dict[str, Any] = {}
        try:
            for group in json.loads(self._path.read_text()):
                if group["PropertyGroupId"] == PROPERTY_GROUP:
                    for key, value in group["PropertyMap"].items():
                        _set_nested(properties, key.split("."), value)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            msg = f"{self._path} is no list of property groups: {error!r}; let Managed Flink write it"
            raise SettingsError(msg) from None
        return properties


def _set_nested(target: dict[str, Any], path: list[str], value: object) -> None:
    *parents, last = path
    for parent in parents:
        target = target.setdefault(parent, {})
    target[last] = value


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
