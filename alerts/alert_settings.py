"""Settings of the alert consumer, typed and validated at startup.

Sources from lowest to highest precedence: defaults, environment variables, ``.env``. All names have the
prefix ``ALERTS_``. They supplement the stream settings, which every command reads.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings import Duration, SettingsBase
from fraudstream.runtime.settings_sources import ENV_FILE, DotEnvSource, EnvironmentSource

ENV_PREFIX: Final = "ALERTS_"
MIN_SECRET_BYTES: Final = 32
"""Minimum length of the webhook secret: a key shorter than the hash weakens the HMAC (RFC 2104, 3)."""
SQLITE: Final = "sqlite:"
DYNAMODB: Final = "dynamodb:"
TABLE_NAME: Final = r"[A-Za-z0-9_.-]{3,255}"
"""Pattern of a DynamoDB table name (CreateTable API reference)."""


class AlertSettings(SettingsBase):
    """Settings of the alert consumer; create them with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    store: str = Field(
        f"{SQLITE}{ROOT / 'build' / 'alerts.sqlite'}",
        pattern=f"^({SQLITE}.+|{DYNAMODB}{TABLE_NAME})$",
        description="Store of the progress: sqlite:PATH for one consumer, dynamodb:TABLE for several",
    )
    keep_ids: Duration = Field(
        timedelta(days=7),
        ge=timedelta(hours=1),
        le=timedelta(days=400),
        description="Time to remember an alert's id; must exceed the stream's retention",
    )
    refused: Path = Field(
        ROOT / "build" / "alerts-refused.jsonl",
        description="File for alerts that the target refused, and for records that are not alerts",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs webhook requests, at least 32 bytes"
    )
    table_keep: Duration = Field(
        timedelta(days=90),
        ge=timedelta(hours=1),
        le=timedelta(days=3_650),
        description="Time to live of an alert in the DynamoDB table",
    )

    @field_validator("webhook_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
            msg = f"it has fewer than {MIN_SECRET_BYTES} bytes; make one with `openssl rand -hex 32`"
            raise ValueError(msg)
        return secret

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE) -> Self:
        """Read the settings; raises `SettingsError` if any is invalid."""
        return cls.read(
            lambda settings_cls, _: (DotEnvSource(settings_cls, env_file), EnvironmentSource(settings_cls))
        )

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the error message for an unknown setting."""
        return f"{name}: unknown setting; docs/alerts.md lists all settings"

    @classmethod
    def shown_name(cls, field: str) -> str:
        """Return the environment variable of a field."""
        return f"{ENV_PREFIX}{field.upper()}"
