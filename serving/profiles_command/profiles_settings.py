"""Settings of the command ``fraudstream profiles``: those of the job that writes the store."""

import re
from typing import Final

from pydantic import Field, SecretStr, field_validator

from fraudstream.profiles.profile_settings import ProfileStoreSettings
from fraudstream.runtime.aws_settings import AwsSettings

HEX_DIGITS: Final = re.compile(r"[0-9a-fA-F]{32}")


class ProfilesSettings(AwsSettings, ProfileStoreSettings):
    """The job's store and its hash key; `load` reads ``FRAUDSTREAM_PROFILE_STORE`` and so on."""

    hash_key: SecretStr | None = Field(
        None, description="The job's hash key, 32 hexadecimal digits, to read histories with (default: none)"
    )
    hash_key_from: str | None = Field(
        None, description="URI of the live job's savepoint whose hash key a rebuild uses (default: none)"
    )

    @field_validator("hash_key")
    @classmethod
    def _has_32_digits(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not HEX_DIGITS.fullmatch(key.get_secret_value()):
            msg = "it must be 32 hexadecimal digits, as the job has them"
            raise ValueError(msg)
        return key
