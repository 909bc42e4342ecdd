"""Development mode of the Transaction API: no keys and every web page allowed, for tutorials and tests.

Only the option ``--development`` turns it on, never a variable of the environment.
"""

from typing import Any, Final

from fraudstream.runtime.loopback import is_loopback_host
from producer.api.api_settings import ApiSettings
from producer.api.identity import LOGGER

LOOPBACK: Final = "127.0.0.1"
_IN_FORCE: Final[dict[str, Any]] = {
    "auth": "off",
    "keys_file": None,
    "jwt_algorithm": None,
    "jwt_secret": None,
    "jwt_public_key_file": None,
    "tls_certificate_file": None,
    "tls_key_file": None,
    "plain_http": "anywhere",
}


def development_settings(host: str | None = None, port: int | None = None) -> ApiSettings:
    """Return the settings of the development mode: plain HTTP without keys, on loopback or on ``host``.

    The environment's address, keys and certificate are ignored; its other settings hold. Raises
    `SettingsError` if any is invalid.
    """
    given = _IN_FORCE | ({} if port is None else {"port": port})
    return ApiSettings.load(**given, host=host or LOOPBACK)


def warn_of_development(settings: ApiSettings) -> None:
    """Log that this mode is on, and who can reach the API."""
    reach = "this machine" if is_loopback_host(settings.host) else "the network"
    LOGGER.warning(
        f"development mode: everyone on {reach}, and every web page open there, can read and change this "
        "API without a key",
        host=settings.host,
        port=settings.port,
    )
