"""API keys: made once, kept as hashes in a file, compared in constant time."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.scopes import SCOPE, Caller, parse_scopes

KEY_HEADER: Final = "X-API-Key"
KEY_BYTES: Final = 32
"""Randomness of a key: too much to guess, so a plain SHA-256 keeps it and no slow hash is needed."""
LONGEST_CREDENTIAL: Final = 8_192
"""Characters that are looked at; the servers' own limits on headers are above it."""
_NAME: Final = r"[A-Za-z0-9._-]{1,64}"
_LINE: Final = re.compile(rf"({_NAME})\s+([0-9a-f]{{64}})(?:\s+scopes=(\S+))?")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not let in; the reason holds nothing of what was sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A line of the key file: whose key it is, its SHA-256 in hex, and what it may do."""

    name: str
    digest: str
    scopes: frozenset[str] = frozenset()

    def line(self) -> str:
        """Return the line of the key file."""
        scopes = f" scopes={','.join(sorted(self.scopes))}" if self.scopes else ""
        return f"{self.name} {self.digest}{scopes}"


class ApiKeys:
    """The keys that are known."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._keys = tuple(keys)

    def identify(self, key: str) -> Caller | Refused:
        """Return whose key it is, like ``key:loader``, with its scopes."""
        digest = key_hash(key[:LONGEST_CREDENTIAL])
        found = None
        # All are compared, to the end: the time taken says nothing about which is nearest.
        for known in self._keys:
            if hmac.compare_digest(digest, known.digest):
                found = known
        if found is None:
            return Refused("this key is not known")
        return Caller(f"key:{found.name}", found.scopes)


def key_hash(key: str) -> str:
    """Return the SHA-256 of a key in hex, as the key file has it."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key(prefix: str) -> str:
    """Return a new random key; a key that leaked can be searched for by its ``prefix``."""
    return prefix + secrets.token_urlsafe(KEY_BYTES)


def make_key(name: str, prefix: str, scopes: Iterable[str] = ()) -> tuple[str, ApiKey]:
    """Return a new key and what the key file keeps of it; raises `ValueError` for a bad name or scope."""
    if re.fullmatch(_NAME, name) is None:
        msg = f"{name!r}: give 1 to 64 letters, digits, dots, dashes or underscores"
        raise ValueError(msg)
    for scope in scopes:
        if not SCOPE.fullmatch(scope):
            msg = f"{scope!r} is no scope: write it like alerts:read"
            raise ValueError(msg)
    key = new_key(prefix)
    return key, ApiKey(name, key_hash(key), frozenset(scopes))


def read_keys(path: Path, key_command: str) -> list[ApiKey]:
    """Return the keys of a key file; empty lines and those that begin with # are ignored.

    A line is a name, the key's SHA-256 in hex, and, if it may do anything that takes a scope,
    ``scopes=`` with a list. ``key_command`` makes one, and is named where there is none. Raises
    `SettingsError` with the number of the line, never its content, if one is something else or a name
    comes twice, and if there is none at all.
    """
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key = _parse(text)
        if key is None:
            msg = (
                f"keys_file: line {number} of {path} can't be used: write a name and 64 hex digits, then, "
                "if it is to have any, scopes=alerts:read,alerts:write"
            )
            raise SettingsError(msg)
        if key.name in keys:
            msg = f"keys_file: line {number} of {path} has the name {key.name!r} again: give it another"
            raise SettingsError(msg)
        keys[key.name] = key
    if not keys:
        msg = f"keys_file: {path} has no key: add the line that `{key_command}` prints"
        raise SettingsError(msg)
    return list(keys.values())


def _parse(text: str) -> ApiKey | None:
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    try:
        scopes = frozenset[str]() if match[3] is None else parse_scopes(match[3])
    except ValueError:
        return None
    return ApiKey(match[1], match[2], scopes)
