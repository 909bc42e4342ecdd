"""Who asks: API keys, kept as hashes, and JWTs."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from starlette.datastructures import Headers

from fraudstream.runtime.settings_sources import SettingsError
from producer.api.settings import ApiSettings

KEY_HEADER: Final = "X-API-Key"
KEY_PREFIX: Final = "txn_"
"""So that a key that leaked into a repository or a log can be searched for."""
KEY_BYTES: Final = 32
"""Randomness of a key: too much to guess, so a plain SHA-256 keeps it and no slow hash is needed."""
_LINE: Final = re.compile(r"([A-Za-z0-9._-]{1,64})\s+([0-9a-f]{64})")
_LONGEST_CREDENTIAL: Final = 8_192
"""Characters; the servers' own limits on headers are above it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not let in; the reason holds nothing of what was sent."""

    reason: str


class Authenticator:
    """Tells who asks; raises `SettingsError` if the key file or the public key can't be used."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._hash_of_name = {} if settings.keys_file is None else read_keys(settings.keys_file)
        self._jwt_key = _jwt_key(settings)

    def identify(self, headers: Headers) -> str | Refused:
        """Return who asks, like ``key:loader`` or ``jwt:analyst``, or why nobody known does.

        A key decides if there is one; only without it is a JWT looked at.
        """
        key = headers.get(KEY_HEADER)
        if key is not None:
            return self._name_of_key(key)
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._jwt_key is not None:
            return self._subject(token.strip(), self._jwt_key)
        return Refused(f"send a key in the header {KEY_HEADER}, or a JWT as Authorization: Bearer")

    def _name_of_key(self, key: str) -> str | Refused:
        digest = key_hash(key[:_LONGEST_CREDENTIAL])
        found = None
        # All are compared, to the end: the time taken says nothing about which is nearest.
        for name, known in self._hash_of_name.items():
            if hmac.compare_digest(digest, known):
                found = name
        return Refused("this key is not known") if found is None else f"key:{found}"

    def _subject(self, token: str, key: str) -> str | Refused:
        settings = self._settings
        required = ["exp"]
        required += ["aud"] if settings.jwt_audience else []
        required += ["iss"] if settings.jwt_issuer else []
        try:
            claims: dict[str, Any] = jwt.decode(
                token[:_LONGEST_CREDENTIAL],
                key,
                algorithms=[settings.jwt_algorithm or ""],
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                options={"require": required, "verify_aud": settings.jwt_audience is not None},
            )
        except jwt.ExpiredSignatureError:
            return Refused("this JWT has expired: get a new one")
        except jwt.PyJWTError as error:
            return Refused(f"this JWT can't be used ({type(error).__name__})")
        return f"jwt:{claims.get('sub', '')}"


def key_hash(key: str) -> str:
    """Return the SHA-256 of a key in hex, as the key file has it."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def new_key() -> str:
    """Return a new random key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def read_keys(path: Path) -> dict[str, str]:
    """Return the hash of each name in a key file; empty lines and those that begin with # are passed over.

    Raises `SettingsError` with the number of the line, never its content, if one is something else or
    a name comes twice, and if there is none at all.
    """
    hash_of_name: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            msg = f"keys_file: line {number} of {path} can't be used: write a name and 64 hex digits"
            raise SettingsError(msg)
        if match[1] in hash_of_name:
            msg = f"keys_file: line {number} of {path} has the name {match[1]!r} again: give it another"
            raise SettingsError(msg)
        hash_of_name[match[1]] = match[2]
    if not hash_of_name:
        msg = f"keys_file: {path} has no key: add the line that `python -m producer.api key NAME` prints"
        raise SettingsError(msg)
    return hash_of_name


def _jwt_key(settings: ApiSettings) -> str | None:
    if settings.jwt_algorithm == "HS256" and settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    if settings.jwt_algorithm == "RS256" and settings.jwt_public_key_file is not None:
        return _public_key(settings.jwt_public_key_file)
    return None


def _public_key(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        jwt.get_algorithm_by_name("RS256").prepare_key(text)
    except (ValueError, TypeError, jwt.PyJWTError):
        msg = f"jwt_public_key_file: {path} can't be used: give the PEM file of an RSA public key"
        raise SettingsError(msg) from None
    if "PRIVATE KEY" in text:
        msg = f"jwt_public_key_file: {path} holds a private key: give the public one only"
        raise SettingsError(msg)
    return text
