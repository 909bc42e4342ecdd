"""Every option of the Transaction API: typed, validated at start, printable without secrets.

Read, from the weakest to the strongest: the defaults, the environment, ``.env``, and what
``python -m producer.api`` was given. All names carry the prefix ``TRANSACTION_API_``.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from limits import parse as parse_rate
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fraudstream.runtime.settings import SettingsBase
from fraudstream.runtime.settings_sources import ENV_FILE, DotEnvSource, EnvironmentSource

ENV_PREFIX: Final = "TRANSACTION_API_"
CLIENT_NAMES: Final = frozenset(f"{ENV_PREFIX}{name}" for name in ("URL", "KEY", "KEY_FILE", "TOKEN"))
"""Names with our prefix that tell clients where the API is and let them in; they are no settings of it."""
MIN_SECRET_BYTES: Final = 32
"""RFC 7518, section 3.2: an HS256 key has at least the size of the hash."""
MAX_COUNT: Final = 1_000
"""Most transactions in one answer or one event."""
MIN_FREQUENCY_S: Final = 0.01
MAX_FREQUENCY_S: Final = 3_600.0
MAX_FRAUD_RATE: Final = 0.9
"""Campaigns need honest accounts to live on: above this the bank has hardly any traffic of its own."""

NO_WAY_IN: Final = (
    "auth: 'on' can't be used: nobody could get in: set "
    "TRANSACTION_API_KEYS_FILE (`python -m producer.api key NAME` makes a key and its line), or "
    "TRANSACTION_API_JWT_ALGORITHM, or TRANSACTION_API_AUTH=off for a machine of your own"
)


class ApiSettings(SettingsBase):
    """The settings of the API; `load` reads them."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on")
    port: int = Field(8_000, ge=0, le=65_535, description="TCP port to listen on; 0 takes a free one")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level of what is logged"
    )

    # Who may ask
    auth: Literal["on", "off"] = Field("on", description="off lets everybody in and logs a warning")
    keys_file: Path | None = Field(
        None, description="File of API keys: lines of a name and the SHA-256 of the key in hex"
    )
    jwt_algorithm: Literal["HS256", "RS256"] | None = Field(
        None, description="Signature of the JWTs that are taken; left out: none are"
    )
    jwt_secret: SecretStr | None = Field(None, description="HS256: the shared secret, at least 32 bytes")
    jwt_public_key_file: Path | None = Field(None, description="RS256: PEM file of the public key")
    jwt_audience: str | None = Field(None, description="The `aud` that a JWT must have; left out: any")
    jwt_issuer: str | None = Field(None, description="The `iss` that a JWT must have; left out: any")
    rate_limit: str = Field(
        "6000/minute", description="Requests in a moving window, for each key, JWT subject or address"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of web pages that may ask, with commas between them; left out: none"
    )
    max_body_bytes: int = Field(
        16_384, ge=64, le=1_048_576, description="Largest request body; a larger one is refused"
    )

    # What is served
    frequency_seconds: float = Field(
        1.0,
        ge=MIN_FREQUENCY_S,
        le=MAX_FREQUENCY_S,
        allow_inf_nan=False,
        description="Pause between two events of the stream at start",
    )
    fraud_injection_rate: float = Field(
        0.05,
        ge=0,
        le=MAX_FRAUD_RATE,
        allow_inf_nan=False,
        description="Share of the transactions that are fraud at start",
    )
    batch_size: int = Field(
        1, ge=1, le=MAX_COUNT, description="Transactions in an event of the stream at start"
    )
    accounts: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="Accounts of the simulated bank; each makes five transactions a day of its own accord",
    )

    # The stream's clients
    max_clients: int = Field(1_000, ge=1, le=100_000, description="Most clients of the stream at once")
    max_paces: int = Field(
        32,
        ge=1,
        le=1_000,
        description="Most paces at once beside the configuration's; each has a memory of its own",
    )
    heartbeat_seconds: float = Field(
        15.0, ge=0.05, le=300, description="Longest silence on a stream; then comes a comment"
    )
    ring_events: int = Field(
        1_000, ge=1, le=100_000, description="Events kept for each pace; a client further behind is dropped"
    )
    ring_bytes: int = Field(
        4_194_304, ge=1_024, le=1_073_741_824, description="Bytes of events kept for each pace"
    )
    write_timeout_seconds: float = Field(
        10.0, ge=0.05, le=300, description="Longest time a write to a client may block; then it is dropped"
    )
    resume_seconds: float = Field(
        60.0, ge=0, le=3_600, description="Time a pace flows on without clients, for one to come back"
    )
    shutdown_seconds: int = Field(
        10, ge=1, le=300, description="Longest wait for open requests when the process is asked to end"
    )

    @field_validator("keys_file", "jwt_public_key_file")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            msg = "there is no such file; give the path of one that exists"
            raise ValueError(msg)
        return path

    @field_validator("rate_limit")
    @classmethod
    def _is_a_rate(cls, rate: str) -> str:
        try:
            item = parse_rate(rate)
        except ValueError:
            item = None
        if item is None or item.amount < 1:
            msg = "write a count and a unit of time, like 100/second or 6000/minute"
            raise ValueError(msg)
        return rate

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
                msg = f"{origin!r} is no origin; write scheme, host and port only, like https://bank.example"
                raise ValueError(msg)
        return origins

    @model_validator(mode="after")
    def _somebody_can_get_in(self) -> Self:
        if self.auth == "on" and self.keys_file is None and self.jwt_algorithm is None:
            raise ValueError(NO_WAY_IN)
        return self

    @model_validator(mode="after")
    def _jwt_has_its_key(self) -> Self:
        secret = self.jwt_secret
        if self.jwt_algorithm == "HS256":
            if secret is None or len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
                msg = f"jwt_secret: HS256 needs one of at least {MIN_SECRET_BYTES} bytes: set it"
                raise ValueError(msg)
        elif secret is not None:
            msg = "jwt_secret goes with HS256: set TRANSACTION_API_JWT_ALGORITHM=HS256, or leave it out"
            raise ValueError(msg)
        if self.jwt_algorithm == "RS256" and self.jwt_public_key_file is None:
            msg = "jwt_public_key_file: RS256 needs the public key: give the path of its PEM file"
            raise ValueError(msg)
        if self.jwt_algorithm != "RS256" and self.jwt_public_key_file is not None:
            msg = "jwt_public_key_file goes with RS256: set TRANSACTION_API_JWT_ALGORITHM=RS256"
            raise ValueError(msg)
        return self

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE, **overrides: object) -> Self:
        """Read the settings; ``overrides`` win. Raises `SettingsError` if any can't be used."""
        return cls.read(
            lambda settings_cls, given: (
                given,
                DotEnvSource(settings_cls, env_file, others=CLIENT_NAMES),
                EnvironmentSource(settings_cls, others=CLIENT_NAMES),
            ),
            **overrides,
        )

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the message for a name that is no setting."""
        return f"{name}: there is no such setting; docs/transaction-api.md lists those that there are"
