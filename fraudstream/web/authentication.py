"""Authentication of callers by API key or JWT."""

from starlette.datastructures import Headers

from fraudstream.web.api_keys import KEY_HEADER, ApiKeys, Refused, read_keys
from fraudstream.web.json_web_tokens import JwtVerifier
from fraudstream.web.scopes import Caller
from fraudstream.web.web_settings import WebSettings


class Authenticator:
    """Identifies callers; raises `SettingsError` if the key file or the public key can't be used."""

    def __init__(self, settings: WebSettings) -> None:
        file = settings.keys_file
        self._keys = ApiKeys([] if file is None else read_keys(file, settings.key_command))
        self._tokens = JwtVerifier(settings)

    def identify(self, headers: Headers) -> Caller | Refused:
        """Return the caller, like ``key:loader`` or ``jwt:analyst``, or the reason for refusing the request.

        An API key takes precedence: a JWT is checked only if the request has no key.
        """
        key = headers.get(KEY_HEADER)
        if key is not None:
            return self._keys.identify(key)
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._tokens.is_configured:
            return self._tokens.identify(token.strip())
        return Refused(f"send a key in the header {KEY_HEADER}, or a JWT as Authorization: Bearer", "missing")
