"""Environment variables that point a process at the emulator and its streams."""

import os
from typing import Final

from fraudstream.runtime.settings_sources import ENV_FILE_VARIABLE
from jobs.job_settings import JobSettings

STREAMS: Final = ("transactions", "alerts", "dead_letters", "labels", "scored")
"""Streams; each has its own setting and environment variable."""


def emulator_environment(settings: JobSettings) -> dict[str, str]:
    """Return the variables that a process with an otherwise empty environment needs for the emulator.

    They disable the ``.env`` file, so that one in its folder can't redirect the process.
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
    """Return the environment variables that hold the stream names of the settings."""
    return {f"FRAUDSTREAM_{name.upper()}_STREAM": getattr(settings, f"{name}_stream") for name in STREAMS}


def with_own_streams(settings: JobSettings, suffix: str) -> JobSettings:
    """Return the settings with streams of their own: each name ends with ``suffix``."""
    names = {f"{name}_stream": f"{name}-{suffix}" for name in STREAMS}
    return settings.model_copy(update=names)
