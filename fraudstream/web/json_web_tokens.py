"""JSON Web Tokens: verification of signature and claims, and the caller that they identify."""

from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.web.api_keys import MAX_CREDENTIAL_CHARACTERS, Refused
from fraudstream.web.scopes import Caller
from fraudstream.web.web_settings import WebSettings


class JwtVerifier:
    """Verifies JWTs with exactly the algorithm and key of the settings.

    Raises `SettingsError` if the public key can't be used.
    """

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._key = _key(settings)

    @property
    def is_configured(self) -> bool:
        """Whether the settings accept JWTs."""
        return self._key is not None

    def identify(self, token: str) -> Caller | Refused:
        """Return the subject, like ``jwt:analyst``, with the scopes of the claim ``scope`` (RFC 8693)."""
        settings = self._settings
        required = ["exp"]
        required += ["aud"] if settings.jwt_audience else []
        required += ["iss"] if settings.jwt_issuer else []
        try:
            claims: dict[str, Any] = jwt.decode(
                token[:MAX_CREDENTIAL_CHARACTERS],
                self._key or "",
                algorithms=[settings.jwt_algorithm or ""],
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer,
                options={"require": required, "verify_aud": settings.jwt_audience is not None},
            )
        except jwt.ExpiredSignatureError:
            return Refused("this JWT has expired: get a new one", "expired-token")
        except jwt.PyJWTError as error:
            return Refused(f"this JWT can't be used ({type(error).__name__})")
        return Caller(
            f"jwt:{claims.get('sub', '')}",
            claimed_scopes(claims.get("scope")),
            expires_at_s=int(claims["exp"]),
        )


def claimed_scopes(claim: object) -> frozenset[str]:
    """Return the scopes of a claim: a text with spaces between them (RFC 8693) or a list; else none."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    return (
        frozenset(each for each in claim if isinstance(each, str)) if isinstance(claim, list) else frozenset()
    )


def _key(settings: WebSettings) -> str | None:
    if settings.jwt_algorithm == "HS256" and settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value()
    if settings.jwt_algorithm == "RS256" and settings.jwt_public_key_file is not None:
        return _public_key(settings.jwt_public_key_file)
    return None


def _public_key(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        jwt.get_algorithm_by_name("RS256").prepare_key(text)
    except OSError as error:
        msg = f"jwt_public_key_file: {path} can't be read ({error.strerror}): let the service read it"
        raise SettingsError(msg) from None
    except (ValueError, TypeError, UnsupportedAlgorithm, jwt.PyJWTError):
        msg = f"jwt_public_key_file: {path} can't be used: give the PEM file of an RSA public key"
        raise SettingsError(msg) from None
    if "PRIVATE KEY" in text:
        msg = f"jwt_public_key_file: {path} holds a private key: give the public one only"
        raise SettingsError(msg)
    return text
