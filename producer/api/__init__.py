"""Transaction API: synthetic bank transactions over HTTP, one by one, in batches or as a stream.

``uvicorn producer.api:app`` and ``python -m producer.api`` serve it. ``app`` is built on first use, from the
settings of `producer.api.api_settings`; importing a module of this package reads no settings.
"""

from typing import TYPE_CHECKING

from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import write_error

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["app"]


def __getattr__(name: str) -> "FastAPI":
    """Build ``app`` on first use; exits with code 2 and the reasons if it can't be started."""
    if name != "app":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from fraudstream.web.http_server import configure_service_logging  # noqa: PLC0415 - as below
    from producer.api.api_settings import ApiSettings  # noqa: PLC0415 - as above
    from producer.api.application import create_app  # noqa: PLC0415 - the settings are read here, not on import
    from producer.api.identity import NAMES  # noqa: PLC0415 - as above

    try:
        settings = ApiSettings.load()
        configure_service_logging(NAMES, settings)
        application = create_app(settings)
    except SettingsError as error:
        write_error(str(error))
        raise SystemExit(2) from None
    globals()["app"] = application
    return application
