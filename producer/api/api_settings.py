"""Options of the Transaction API: typed, validated at startup, printable without secrets.

Sources, from the weakest to the strongest: the defaults, the environment, ``.env``, and the options of
``python -m producer.api``. All names have the prefix ``TRANSACTION_API_``.
"""

from typing import ClassVar, Final

from pydantic import Field

from fraudstream.web.web_settings import WebSettings, web_settings_config

ENV_PREFIX: Final = "TRANSACTION_API_"
MAX_COUNT: Final = 1_000
"""Most transactions in one answer or one event."""
MIN_FREQUENCY_S: Final = 0.01
MAX_FREQUENCY_S: Final = 3_600.0
MAX_FRAUD_RATE: Final = 0.9
"""Campaigns need honest accounts to act on: above this rate the bank has hardly any traffic of its own."""


class ApiSettings(WebSettings):
    """Settings of the API; `load` reads them."""

    model_config = web_settings_config(ENV_PREFIX)

    key_command: ClassVar[str] = "python -m producer.api key NAME"
    documentation: ClassVar[str] = "docs/transaction-api.md"
    client_names: ClassVar[frozenset[str]] = frozenset(
        f"{ENV_PREFIX}{name}" for name in ("URL", "KEY", "KEY_FILE", "TOKEN")
    )

    # Generated traffic
    frequency_seconds: float = Field(
        1.0,
        ge=MIN_FREQUENCY_S,
        le=MAX_FREQUENCY_S,
        allow_inf_nan=False,
        description="Seconds between stream events at startup",
    )
    fraud_injection_rate: float = Field(
        0.05,
        ge=0,
        le=MAX_FRAUD_RATE,
        allow_inf_nan=False,
        description="Share of transactions that are fraud at startup",
    )
    batch_size: int = Field(1, ge=1, le=MAX_COUNT, description="Transactions per stream event at startup")
    accounts: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="Accounts of the simulated bank; each makes about five transactions per day",
    )

    # The stream's clients
    max_clients: int = Field(1_000, ge=1, le=100_000, description="Maximum concurrent clients of the stream")
    max_paces: int = Field(
        32,
        ge=1,
        le=1_000,
        description="Maximum concurrent paces besides the configured one; each has its own event buffer",
    )
    heartbeat_seconds: float = Field(
        15.0, ge=0.05, le=300, description="Seconds without an event before a heartbeat comment is sent"
    )
    ring_events: int = Field(
        1_000, ge=1, le=100_000, description="Events buffered per pace; a client further behind is dropped"
    )
    ring_bytes: int = Field(
        4_194_304, ge=1_024, le=1_073_741_824, description="Bytes of events buffered per pace"
    )
    stream_seconds: float = Field(
        3_600.0,
        ge=1,
        le=86_400,
        description="Seconds after which an open stream ends, so that its client shows its credentials again",
    )
    resume_seconds: float = Field(
        60.0,
        ge=0,
        le=3_600,
        description="Seconds a pace continues without clients, so that one can reconnect",
    )
