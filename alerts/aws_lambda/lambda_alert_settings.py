"""Settings of the Lambda function that delivers alerts, beside those of the stream and of `AlertSettings`.

Sources from lowest to highest precedence: defaults, environment variables, ``.env``. All names have the
prefix ``LAMBDA_ALERTS_``.
"""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from alerts.alert_settings import TABLE_NAME
from fraudstream.runtime.settings import SettingsBase
from fraudstream.runtime.settings_sources import ENV_FILE, DotEnvSource, EnvironmentSource

ENV_PREFIX: Final = "LAMBDA_ALERTS_"


class LambdaAlertSettings(SettingsBase):
    """Targets of the function and its name in the store; create them with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_file=".env", env_ignore_empty=True, extra="forbid", frozen=True
    )

    name: str = Field(
        "lambda",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="Consumer name under which the function remembers the alerts that it has delivered",
    )
    table_name: str | None = Field(
        None, pattern=f"^{TABLE_NAME}$", description="DynamoDB table that gets each alert as an item"
    )
    topic_arn: str | None = Field(
        None,
        pattern=r"^arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$",
        description="SNS topic to which each alert is published",
    )

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if self.table_name is None and self.topic_arn is None:
            msg = (
                f"the function has no target: set {ENV_PREFIX}TABLE_NAME to a DynamoDB table, "
                f"{ENV_PREFIX}TOPIC_ARN to an SNS topic, or both"
            )
            raise ValueError(msg)
        return self

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE) -> Self:
        """Read the settings; raises `SettingsError` if any is invalid."""
        return cls.read(
            lambda settings_cls, _: (DotEnvSource(settings_cls, env_file), EnvironmentSource(settings_cls))
        )

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the error message for an unknown setting."""
        return f"{name}: unknown setting; docs/lambda.md lists all settings"

    @classmethod
    def shown_name(cls, field: str) -> str:
        """Return the environment variable of a field."""
        return f"{ENV_PREFIX}{field.upper()}"
