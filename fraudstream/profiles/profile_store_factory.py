"""Factory of profile stores, from the URL in the setting ``profile_store``.

The driver of a store is imported only if the store is used.
"""

from typing import Final

from pydantic import SecretStr

from fraudstream.profiles.store_protocol import ProfileInventory, ProfileStoreError
from fraudstream.profiles.store_urls import StoreUrl, parse_store_url

DEFAULT_TIMEOUT_S: Final = 5.0


def profile_store(url: SecretStr, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> ProfileInventory:
    """Return the store of a URL, without a call to it; the first use connects.

    ``timeout_s`` is the deadline of each call in seconds. A DynamoDB table is in the region and at the
    endpoint of the usual AWS settings. Raises `ProfileStoreError` if the URL is none of
    ``store_urls.URL_FORMS``, or if the package of the store's driver is not installed.
    """
    try:
        parts = parse_store_url(url)
    except ValueError as error:
        raise ProfileStoreError(str(error)) from None
    try:
        return _open(parts, timeout_s)
    except ModuleNotFoundError as error:
        msg = (
            f"the profile store {parts} needs the Python package {error.name!r}, which is not installed: "
            "install it, or use another store"
        )
        raise ProfileStoreError(msg) from error


def _open(url: StoreUrl, timeout_s: float) -> ProfileInventory:
    # The imports are here because a server installs the driver of its own store only.
    if url.scheme == "sqlite":
        from fraudstream.profiles.sqlite_profiles import SqliteProfiles  # noqa: PLC0415

        return SqliteProfiles(url.path, timeout_s=timeout_s)
    if url.scheme == "postgresql":
        from fraudstream.profiles.postgres_profiles import PostgresProfiles  # noqa: PLC0415

        return PostgresProfiles(url, timeout_s=timeout_s)
    if url.scheme == "dynamodb":
        from fraudstream.profiles.dynamo_profiles import DynamoProfiles  # noqa: PLC0415

        return DynamoProfiles(url, timeout_s=timeout_s)
    from fraudstream.profiles.redis_profiles import RedisProfiles  # noqa: PLC0415

    return RedisProfiles(url, timeout_s=timeout_s)
