"""AWS settings: region, endpoint and emulator, shared by all programs that use AWS.

Sources, from lowest to highest precedence: defaults, environment, ``.env``. The project's own variables have
the prefix ``FRAUDSTREAM_`` (``FRAUDSTREAM_TRANSACTIONS_STREAM=…``); the AWS variables have their standard
names.
"""

from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import SettingsConfigDict

from fraudstream.runtime.settings import SettingsBase
from fraudstream.runtime.settings_sources import (
    ENV_FILE,
    ENV_FILE_VARIABLE,
    NESTED,
    DotEnvSource,
    EnvironmentSource,
)

ENV_PREFIX: Final = "FRAUDSTREAM_"
EMULATOR_ACCOUNT: Final = "000000000000"
"""Account that owns the streams of an emulator; the same as LocalStack's."""
NOT_SETTINGS: Final = frozenset({ENV_FILE_VARIABLE})
"""Variables with the prefix that are not settings: they say where settings are read from."""


class EmulatorSettings(BaseModel):
    """Settings that apply only to a Kinesis emulator, not to AWS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool | None = Field(
        None,
        description="Whether the endpoint is an emulator (no CBOR, HTTP/1.1); "
        "default: true if the endpoint is plain http, like LocalStack's",
    )
    poll_interval_ms: int = Field(
        100, ge=10, le=10_000, description="Pause between two reads of a shard of an emulator"
    )


class AwsSettings(SettingsBase):
    """The region, the endpoint, and whether the endpoint is an emulator."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=NESTED,
        env_file=".env",
        env_ignore_empty=True,
        extra="forbid",
        populate_by_name=True,
        frozen=True,
    )

    aws_region: str = Field(
        "ap-southeast-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        validation_alias=AliasChoices("aws_region", "AWS_REGION", "AWS_DEFAULT_REGION"),
        description="AWS region, like ap-southeast-1",
    )
    aws_account_id: str | None = Field(
        None,
        pattern=r"^\d{12}$",
        validation_alias=AliasChoices("aws_account_id", "AWS_ACCOUNT_ID"),
        description="The 12 digits of the account that owns the streams; only Flink 2 needs it, on AWS",
    )
    aws_endpoint_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+/?$",
        validation_alias=AliasChoices("aws_endpoint_url", "AWS_ENDPOINT_URL"),
        description="Custom endpoint, like http://127.0.0.1:4566 (default: AWS)",
    )
    localstack_host: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9.-]+(:[1-9]\d{0,3}|:[1-5]\d{4}|:6[0-4]\d{3})?$",
        validation_alias=AliasChoices("localstack_host", "LOCALSTACK_HOST"),
        description="LocalStack's host, optionally with a port; AWS_ENDPOINT_URL takes precedence",
    )
    emulator: EmulatorSettings = EmulatorSettings()

    @field_validator("aws_endpoint_url")
    @classmethod
    def _has_a_host_and_a_port(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if not parts.hostname or parts.port == 0:
                msg = "it needs a host, and a port from 1 to 65535 if any, like http://127.0.0.1:4566"
                raise ValueError(msg)
        return url

    @property
    def endpoint_url(self) -> str | None:
        """The custom endpoint, from AWS_ENDPOINT_URL or else LOCALSTACK_HOST; None for AWS itself."""
        if self.aws_endpoint_url is not None:
            return self.aws_endpoint_url
        if self.localstack_host is None:
            return None
        host = self.localstack_host
        return f"http://{host}" if urlsplit(f"//{host}").port else f"http://{host}:4566"

    @property
    def is_emulator(self) -> bool:
        """Whether the endpoint is an emulator: as set, or by default if the URL is plain http."""
        if self.emulator.enabled is not None:
            return self.emulator.enabled
        return (self.endpoint_url or "").startswith("http://")

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE) -> Self:
        """Read the settings; raises `SettingsError` if any is invalid.

        Several programs share the prefix, so an unknown name with it is an error only if it looks like a
        misspelt name of these settings.
        """
        return cls.read(
            lambda settings_cls, _: (
                DotEnvSource(settings_cls, env_file, others=NOT_SETTINGS, is_prefix_shared=True),
                EnvironmentSource(settings_cls, others=NOT_SETTINGS, is_prefix_shared=True),
            )
        )
