"""Settings of readers of a profile store, as a base class that programs combine with their own settings."""

from pydantic import Field, SecretStr, field_validator

from fraudstream.profiles.store_urls import URL_FORMS, parse_store_url
from fraudstream.runtime.settings import SettingsBase


class ProfileStoreSettings(SettingsBase):
    """The store of profiles and the deadline of its calls; the name's prefix is that of the program."""

    profile_store: SecretStr | None = Field(
        None, description=f"URL of the store of profiles that the job writes: {URL_FORMS} (default: none)"
    )
    profile_timeout_seconds: float = Field(
        0.25, ge=0.01, le=60, description="Deadline of a call to the store of profiles, in seconds"
    )

    @field_validator("profile_store")
    @classmethod
    def _is_a_store(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parse_store_url(url)
        return url
