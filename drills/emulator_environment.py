"""What processes that are started from nothing are told of the emulator and its streams."""

import os
from typing import Final

from fraudstream.runtime.settings_sources import ENV_FILE_VARIABLE
from jobs.job_settings import JobSettings

STREAMS: Final = ("transactions", "alerts", "dead_letters", "labels", "scored")
"""Each with a setting and a variable of its own."""


def emulator_environment(settings: JobSettings) -> dict[str, str]:
    """Return what a process that is started from nothing needs for the emulator.

    No ``.env`` that lies in its folder by chance can lead it elsewhere.
    """
    return {
        ENV_FILE_VARIABLE: os.devnull,
        "AWS_ENDPOINT_URL": settings.endpoint_url or "",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": settings.aws_region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CBOR_DISABLE": "true",
        "CBOR_ENABLED": "false",
    }


def stream_names(settings: JobSettings) -> dict[str, str]:
    """Return the variables that name the settings' streams."""
    return {f"FRAUDSTREAM_{name.upper()}_STREAM": getattr(settings, f"{name}_stream") for name in STREAMS}


def with_own_streams(settings: JobSettings, suffix: str) -> JobSettings:
    """Return the settings with streams that nobody else has: each name ends with ``suffix``."""
    names = {f"{name}_stream": f"{name}-{suffix}" for name in STREAMS}
    return settings.model_copy(update=names)
