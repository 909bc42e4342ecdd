"""Settings of the decision API and the ingestion gateway.

Sources, from lowest to highest precedence: the defaults, the environment, ``.env``, and the options of
``python -m serving``. All names have the prefix ``DECISION_API_``.
"""

from typing import ClassVar, Final

from pydantic import Field

from fraudstream.web.web_settings import WebSettings, web_settings_config
from serving.decisions.decision_settings import DecisionSettings
from serving.gateway.gateway_settings import GatewaySettings
from serving.transaction_table.table_settings import TransactionTableSettings

ENV_PREFIX: Final = "DECISION_API_"


class ServingSettings(DecisionSettings, GatewaySettings, TransactionTableSettings, WebSettings):
    """Settings of the service; `load` reads them."""

    model_config = web_settings_config(ENV_PREFIX)

    key_command: ClassVar[str] = "python -m serving key NAME"
    documentation: ClassVar[str] = "docs/decision-api.md"
    client_names: ClassVar[frozenset[str]] = frozenset(
        f"{ENV_PREFIX}{name}" for name in ("URL", "KEY", "KEY_FILE", "TOKEN")
    )

    max_body_bytes: int = Field(
        1_048_576,
        ge=64,
        le=8_388_608,
        description="Maximum size of a request body, of up to 500 transactions; larger ones are rejected",
    )
