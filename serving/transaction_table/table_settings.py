"""Settings of the transaction table: those that its consumer and the service share."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, Field

from fraudstream.runtime.settings import Duration, SettingsBase
from fraudstream.runtime.settings_sources import ENV_FILE, DotEnvSource, EnvironmentSource
from fraudstream.web.web_settings import web_settings_config

TABLE_PREFIX: Final = "DECISION_API_"
"""That of the service, whose setting the table is."""


class TransactionTableSettings(BaseModel):
    """Fields that `ServingSettings` combines with those of its other parts."""

    transaction_table: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{3,255}$",
        description="DynamoDB table of transactions, which `fraudstream transaction-table` fills "
        "(default: none, and requests for transactions get 503)",
    )
    transaction_retention: Duration = Field(
        timedelta(days=90),
        ge=timedelta(days=1),
        le=timedelta(days=3_650),
        description="Time to live of a transaction in the table, from its arrival in the stream",
    )


class TableConsumerSettings(TransactionTableSettings, SettingsBase):
    """The same settings for the consumer, which needs no others of the service."""

    model_config = web_settings_config(TABLE_PREFIX)

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE, **overrides: object) -> Self:
        """Read the settings; ``overrides`` take precedence. Raises `SettingsError` if any is invalid."""
        return cls.read(
            lambda settings_cls, given: (
                given,
                DotEnvSource(settings_cls, env_file, is_prefix_shared=True),
                EnvironmentSource(settings_cls, is_prefix_shared=True),
            ),
            **overrides,
        )

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the message for a name that is not a setting."""
        return f"{name}: unknown setting; docs/ingestion-gateway.md lists the settings"

    @classmethod
    def shown_name(cls, field: str) -> str:
        """Return the environment variable of a field."""
        return f"{TABLE_PREFIX}{field.upper()}"
