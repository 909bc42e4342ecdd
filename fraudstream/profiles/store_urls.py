"""URLs of profile stores: what they may be, and their form in messages, which has no password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import SecretStr

URL_FORMS: Final = (
    "sqlite:PATH, postgresql://USER:PASSWORD@HOST:PORT/DATABASE, redis://:PASSWORD@HOST:PORT/NUMBER "
    "(rediss:// with TLS) or dynamodb:TABLE"
)
DEFAULT_PORTS: Final = {"postgresql": 5432, "redis": 6379, "rediss": 6379}
PATH_SCHEMES: Final = ("sqlite", "dynamodb")
PARAMETERS: Final[Mapping[str, frozenset[str]]] = {
    "postgresql": frozenset({"sslmode", "sslrootcert"}),
    "redis": frozenset(),
    "rediss": frozenset(),
}
"""The parameters that the URL of a server may have after a question mark."""
SSL_MODES: Final = frozenset({"disable", "require", "verify-full"})
MIN_TABLE_CHARACTERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUrl:
    """The parts of a store's URL. ``path`` is SQLite's file, DynamoDB's table, or a server's database."""

    scheme: str
    path: str
    host: str = ""
    port: int = 0
    user: str | None = None
    password: SecretStr | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the URL for messages: the password is replaced."""
        if self.scheme in PATH_SCHEMES:
            return f"{self.scheme}:{self.path}"
        secret = ":***" if self.password is not None else ""
        who = f"{self.user or ''}{secret}@" if self.user or secret else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{who}{host}:{self.port}/{self.path}"


def parse_store_url(url: SecretStr) -> StoreUrl:
    """Return the parts of a URL; raises ``ValueError``, without any of it, if it has none of `URL_FORMS`."""
    text = url.get_secret_value()
    scheme, colon, rest = text.partition(":")
    if colon and scheme in PATH_SCHEMES:
        return _path_url(scheme, rest)
    if colon and scheme in DEFAULT_PORTS:
        return _server_url(text)
    msg = f"it is not the URL of a profile store: write {URL_FORMS}"
    raise ValueError(msg)


def _path_url(scheme: str, path: str) -> StoreUrl:
    if not path or "\0" in path or (scheme == "dynamodb" and not _is_table(path)):
        wanted = "sqlite:PATH" if scheme == "sqlite" else "dynamodb:TABLE with a table's name"
        msg = f"the URL of the profile store is incomplete: write {wanted}"
        raise ValueError(msg)
    return StoreUrl(scheme=scheme, path=path)


def _is_table(name: str) -> bool:
    return len(name) >= MIN_TABLE_CHARACTERS and all(
        part.isascii() and (part.isalnum() or part in "_.-") for part in name
    )


def _server_url(text: str) -> StoreUrl:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # Not the error's own text, which may have the password.
        msg = (
            "the URL of the profile store has an invalid host or port: write HOST:PORT after the @, and "
            "percent-encode the password's special characters"
        )
        raise ValueError(msg) from None
    if not parts.hostname or parts.fragment:
        msg = (
            f"the URL of the profile store has no host, or a #: write {URL_FORMS}, and percent-encode the "
            "password's special characters"
        )
        raise ValueError(msg)
    return StoreUrl(
        scheme=parts.scheme,
        host=parts.hostname,
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=_database(parts),
        user=unquote(parts.username) if parts.username else None,
        password=SecretStr(unquote(parts.password)) if parts.password else None,
        parameters=_parameters(parts),
    )


def _database(parts: SplitResult) -> str:
    if parts.scheme != "postgresql" and parts.username and not parts.password:
        # It would be shown as a user, and is the password of somebody who has forgotten the colon.
        msg = (
            "the URL of the profile store has a user without a password: write redis://:PASSWORD@HOST:PORT/0"
        )
        raise ValueError(msg)
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme == "postgresql":
        if not database or not parts.username:
            msg = (
                "the URL of the profile store lacks a user or a database: write "
                "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            )
            raise ValueError(msg)
        return database
    if database and not (database.isascii() and database.isdigit()):
        # Not the end itself, which is a part of the password if that has an unencoded slash.
        msg = (
            "the URL of the profile store must end in the number of a Redis database, like /0; "
            "percent-encode the password's special characters"
        )
        raise ValueError(msg)
    return database or "0"


def _parameters(parts: SplitResult) -> dict[str, str]:
    found = dict(parse_qsl(parts.query, keep_blank_values=True))
    if found.keys() - PARAMETERS[parts.scheme]:
        # Not its name, which is a part of the password if that has an unencoded question mark.
        known = ", ".join(sorted(PARAMETERS[parts.scheme])) or "none"
        msg = (
            f"the URL of the profile store has an unknown parameter; known ones: {known}; percent-encode the "
            "password's special characters"
        )
        raise ValueError(msg)
    mode = found.get("sslmode")
    if mode is not None and mode not in SSL_MODES:
        msg = f"sslmode {mode!r} is unknown: write one of {', '.join(sorted(SSL_MODES))}"
        raise ValueError(msg)
    return found
