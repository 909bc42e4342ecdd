"""Factory of profile stores, from the URL in the setting ``profile_store``."""

from typing import Final

from pydantic import SecretStr

from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from fraudstream.profiles.store_protocol import ProfileInventory, ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url

DEFAULT_TIMEOUT_S: Final = 5.0


def profile_store(url: SecretStr, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> ProfileInventory:
    """Return the store of a URL, without a call to it; the first use connects.

    ``timeout_s`` is the deadline of each call in seconds. Raises `ProfileStoreError` if the URL is none of
    ``store_urls.URL_FORMS``, or if the package of the store's driver is not installed.
    """
    try:
        parts = parse_store_url(url)
    except ValueError as error:
        raise ProfileStoreError(str(error)) from None
    return SqliteProfiles(parts.path, timeout_s=timeout_s)
