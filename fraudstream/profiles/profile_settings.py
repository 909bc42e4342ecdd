"""Settings of readers of a profile store, as a base class that programs combine with their own settings."""

from pydantic import BaseModel, Field, SecretStr, field_validator

from fraudstream.profiles.store_urls import URL_FORMS, parse_store_url


class ProfileStoreSettings(BaseModel):
    """The store of profiles and the deadline of its calls, for a program's settings to inherit.

    It has no sources and no prefix of its own, so it may stand before or after the other base classes.
    """

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
