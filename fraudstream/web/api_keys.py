"""API keys: generated once, stored as hashes in a file, compared in constant time."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.scopes import SCOPE, Caller, parse_scopes

KEY_HEADER: Final = "X-API-Key"
KEY_BYTES: Final = 32
"""Random bytes of a key: enough that a plain SHA-256 is safe and no slow hash is needed."""
MAX_CREDENTIAL_CHARACTERS: Final = 8_192
"""Most characters of a credential that are checked; the servers' own limits on headers are higher."""
_NAME: Final = r"[A-Za-z0-9._-]{1,64}"
_LINE: Final = re.compile(rf"({_NAME})\s+([0-9a-f]{{64}})(?:\s+scopes=(\S+))?")


RefusalKind = Literal["missing", "unknown-key", "invalid-token", "expired-token"]
"""Kinds of refused credentials, as metrics count them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Reason why a request is refused; it never contains anything that was sent."""

    reason: str
    kind: RefusalKind = field(default="invalid-token", compare=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A line of the key file: the key's owner, its SHA-256 in hex, and its scopes."""

    name: str
    digest: str
    scopes: frozenset[str] = frozenset()

    def line(self) -> str:
        """Return the line for the key file."""
        scopes = f" scopes={','.join(sorted(self.scopes))}" if self.scopes else ""
        return f"{self.name} {self.digest}{scopes}"


class ApiKeys:
    """The known API keys."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = tuple(keys)

    def identify(self, key: str) -> Caller | Refused:
        """Return the owner of a key, like ``key:loader``, with its scopes."""
        digest = key_hash(key[:MAX_CREDENTIAL_CHARACTERS])
        found = None
        # All keys are compared, so that the time taken reveals nothing about the match.
        for known in self._keys:
            if hmac.compare_digest(digest, known.digest):
                found = known
        if found is None:
            return Refused("unknown API key", "unknown-key")
        return Caller(f"key:{found.name}", found.scopes)


def key_hash(key: str) -> str:
    """Return the SHA-256 of a key in hex, as stored in the key file."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(prefix: str) -> str:
    """Return a new random key; leaked keys can be found by their ``prefix``."""
    return prefix + secrets.token_urlsafe(KEY_BYTES)


def make_key(name: str, prefix: str, scopes: Iterable[str] = ()) -> tuple[str, ApiKey]:
    """Return a new key and its entry for the key file; raises `ValueError` for an invalid name or scope."""
    if re.fullmatch(_NAME, name) is None:
        msg = f"{name!r}: give 1 to 64 letters, digits, dots, dashes or underscores"
        raise ValueError(msg)
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            msg = f"invalid scope {scope!r}: write it like alerts:read"
            raise ValueError(msg)
    key = new_key(prefix)
    return key, ApiKey(name, key_hash(key), frozenset(scopes))


def read_keys(path: Path, key_command: str) -> list[ApiKey]:
    """Return the keys of a key file; empty lines and lines that begin with # are ignored.

    A line has a name, the key's SHA-256 in hex, and, if the key may do anything that requires a scope,
    ``scopes=`` with a comma-separated list. Raises `SettingsError` for an invalid line or a duplicate name,
    with the number of the line but never its content, for a file that can't be read, and for one without
    keys, with ``key_command``, the command that makes a key.
    """
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key = _parse(text)
        if key is None:
            msg = (
                f"keys_file: line {number} of {path} can't be used: write a name and 64 hex digits, and "
                "optionally scopes=alerts:read,alerts:write"
            )
            raise SettingsError(msg)
        if key.name in keys:
            msg = f"keys_file: line {number} of {path} repeats the name {key.name!r}: use another name"
            raise SettingsError(msg)
        keys[key.name] = key
    if not keys:
        msg = f"keys_file: {path} has no key: add the line that `{key_command}` prints"
        raise SettingsError(msg)
    return list(keys.values())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        msg = f"keys_file: {path} can't be read ({error.strerror}): let the service read it"
        raise SettingsError(msg) from None


def _parse(text: str) -> ApiKey | None:
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    try:
        scopes = frozenset[str]() if match[3] is None else parse_scopes(match[3])
    except ValueError:
        return None
    return ApiKey(match[1], match[2], scopes)
