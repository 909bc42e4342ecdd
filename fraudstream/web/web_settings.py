"""Settings common to all HTTP services: address, TLS, authentication, limits and deadlines.

A service extends `WebSettings` with a prefix for its environment variables and with its own settings.
Sources, from lowest to highest precedence: defaults, environment, ``.env``, command line.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from limits import parse as parse_rate
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from fraudstream.runtime.loopback import is_loopback_host
from fraudstream.runtime.settings import SettingsBase, path_errors_reported
from fraudstream.runtime.settings_sources import ENV_FILE, DotEnvSource, EnvironmentSource
from fraudstream.web.tls import server_context

MIN_SECRET_BYTES: Final = 32
"""RFC 7518, section 3.2: an HS256 key must be at least as long as the hash."""


def web_settings_config(env_prefix: str) -> SettingsConfigDict:
    """Return the ``model_config`` of a service whose environment variables begin with ``env_prefix``."""
    return SettingsConfigDict(
        env_prefix=env_prefix,
        env_file=".env",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


class WebSettings(SettingsBase):
    """The settings of a service; a subclass sets ``model_config`` and the class variables."""

    key_command: ClassVar[str]
    """The command that makes an API key, for messages."""
    documentation: ClassVar[str]
    """The page that lists the settings, for messages."""
    client_names: ClassVar[frozenset[str]] = frozenset()
    """Environment variables with the service's prefix that are for its clients; they are ignored."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on")
    port: int = Field(8_000, ge=0, le=65_535, description="TCP port to listen on; 0 selects a free one")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Minimum level of log messages"
    )
    auth: Literal["on", "off"] = Field(
        "on", description="off accepts requests without credentials and logs a warning"
    )
    keys_file: Path | None = Field(
        None, description="File of API keys: lines of a name and the SHA-256 of the key in hex"
    )
    jwt_algorithm: Literal["HS256", "RS256"] | None = Field(
        None, description="Accepted JWT signature algorithm (default: JWTs are rejected)"
    )
    jwt_secret: SecretStr | None = Field(None, description="HS256: the shared secret, at least 32 bytes")
    jwt_public_key_file: Path | None = Field(None, description="RS256: PEM file of the public key")
    jwt_audience: str | None = Field(None, description="Required `aud` of a JWT (default: any)")
    jwt_issuer: str | None = Field(None, description="Required `iss` of a JWT (default: any)")
    rate_limit: str = Field(
        "6000/minute", description="Rate limit per key, JWT subject or address, in a moving window"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Allowed CORS origins, comma-separated (default: none)"
    )
    max_body_bytes: int = Field(
        16_384, ge=64, le=1_048_576, description="Maximum size of a request body; larger ones are rejected"
    )
    shutdown_seconds: int = Field(10, ge=1, le=300, description="Maximum wait for open requests at shutdown")
    plain_http: Literal["loopback", "anywhere"] = Field(
        "loopback",
        description="Addresses with HTTP without TLS; `anywhere` leaves keys readable on the network",
    )
    tls_certificate_file: Path | None = Field(
        None, description="PEM file of the certificate and its chain; with it, only HTTPS is served"
    )
    tls_key_file: Path | None = Field(
        None, description="PEM file of the certificate's private key, without a password"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed, "
        "comma-separated (default: none)",
    )
    max_connections: int = Field(
        2_000, ge=1, le=100_000, description="Maximum open connections; more are refused with 503"
    )
    max_connections_per_address: int = Field(
        500,
        ge=1,
        le=100_000,
        description="Maximum open connections of one address other than a trusted proxy",
    )
    head_timeout_seconds: float = Field(
        10.0,
        ge=0.1,
        le=300,
        description="Maximum seconds from the first byte of a request's head to its last",
    )
    body_timeout_seconds: float = Field(
        30.0,
        ge=0.1,
        le=300,
        description="Maximum seconds from the end of a request's head to that of its body",
    )
    idle_timeout_seconds: float = Field(
        15.0, ge=0.1, le=3_600, description="Seconds that a connection may wait for its next request"
    )
    max_head_bytes: int = Field(
        16_384, ge=1_024, le=1_048_576, description="Maximum size of a request's line and headers"
    )
    write_timeout_seconds: float = Field(
        10.0,
        ge=0.05,
        le=300,
        description="Seconds in which a client must read something before it is disconnected",
    )

    @field_validator("keys_file", "jwt_public_key_file", "tls_certificate_file", "tls_key_file")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        with path_errors_reported():
            is_missing = path is not None and not path.is_file()
        if is_missing:
            msg = "file not found; give the path of an existing file"
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

    @field_validator("cors_origins", "trusted_proxies", mode="before")
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
                msg = (
                    f"invalid origin {origin!r}: write scheme, host and port only, like https://bank.example"
                )
                raise ValueError(msg)
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                msg = f"invalid proxy {proxy!r} ({error}): write an address or a network, like 10.0.0.0/24"
                raise ValueError(msg) from None
        return proxies

    @model_validator(mode="after")
    def _keeps_keys_from_the_network(self) -> Self:
        certificate, key = self.tls_certificate_file, self.tls_key_file
        if (certificate is None) != (key is None):
            given, other = ("tls_certificate_file", "tls_key_file")[:: 1 if key is None else -1]
            msg = f"{given} needs {self._variable(other)}: set both, or neither"
            raise ValueError(msg)
        if certificate is not None and key is not None:
            try:
                server_context(certificate, key)
            except (ValueError, OSError) as error:
                msg = (
                    f"tls_certificate_file and tls_key_file can't be used ({error}): give a pair of PEM files"
                )
                raise ValueError(msg) from None
        elif self.plain_http == "loopback" and not is_loopback_host(self.host):
            msg = (
                f"host {self.host!r} is not a loopback address, and keys would cross the network readable: "
                f"set {self._variable('tls_certificate_file')} and {self._variable('tls_key_file')}, or "
                f"{self._variable('plain_http')}=anywhere if a proxy on the same host or pod adds TLS"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _has_authentication(self) -> Self:
        if self.auth == "on" and self.keys_file is None and self.jwt_algorithm is None:
            msg = (
                f"auth: 'on' needs keys or JWTs: set {self._variable('keys_file')} "
                f"(`{self.key_command}` makes a key and its line), or {self._variable('jwt_algorithm')}, or "
                f"{self._variable('auth')}=off on your own machine"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _jwt_has_its_key(self) -> Self:
        secret, algorithm = self.jwt_secret, self._variable("jwt_algorithm")
        if self.jwt_algorithm == "HS256":
            if secret is None or len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
                msg = f"jwt_secret: HS256 needs a secret of at least {MIN_SECRET_BYTES} bytes: set it"
                raise ValueError(msg)
        elif secret is not None:
            msg = f"jwt_secret is only used with HS256: set {algorithm}=HS256, or remove jwt_secret"
            raise ValueError(msg)
        if self.jwt_algorithm == "RS256" and self.jwt_public_key_file is None:
            msg = "jwt_public_key_file: RS256 needs the public key: give the path of its PEM file"
            raise ValueError(msg)
        if self.jwt_algorithm != "RS256" and self.jwt_public_key_file is not None:
            msg = f"jwt_public_key_file is only used with RS256: set {algorithm}=RS256"
            raise ValueError(msg)
        return self

    @classmethod
    def load(cls, *, env_file: Path | None = ENV_FILE, **overrides: object) -> Self:
        """Read the settings; ``overrides`` take precedence. Raises `SettingsError` if any is invalid."""
        return cls.read(
            lambda settings_cls, given: (
                given,
                DotEnvSource(settings_cls, env_file, others=cls.client_names),
                EnvironmentSource(settings_cls, others=cls.client_names),
            ),
            **overrides,
        )

    @classmethod
    def unknown(cls, name: str) -> str:
        """Return the message for a name that is not a setting."""
        return f"{name}: unknown setting; {cls.documentation} lists the settings"

    @classmethod
    def _variable(cls, field: str) -> str:
        """Return the environment variable of a setting."""
        return f"{cls.model_config['env_prefix']}{field}".upper()
