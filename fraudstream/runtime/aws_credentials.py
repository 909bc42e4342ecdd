"""AWS credentials from ``.env``. They are not settings and are never printed."""

import os
from pathlib import Path
from typing import Final

from fraudstream.runtime.settings_sources import ENV_FILE, SettingsError, read_env_file

CREDENTIAL_NAMES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
)
"""Environment variables that identify the caller to AWS; they are never mixed from two sources."""


def export_aws_credentials(env_file: Path = ENV_FILE) -> None:
    """Export the AWS credentials of ``env_file`` to the environment, where boto3 and the JVM find them.

    As for settings, the file takes precedence over the environment, and it does so as a whole: if it has any
    of `CREDENTIAL_NAMES`, the others are removed from the environment, because the session token of one
    identity is not valid with the key of another. Nothing changes if there is no file or it has none of these
    names. Raises `SettingsError`, without the value, if the file can't be read or one of the values has a
    line end or another unprintable character: after a quote that is not closed, the lines that follow would
    become part of the credential, and an error of HTTP shows the header that it refuses.
    """
    values = read_env_file(env_file)
    found = {name: value for name in CREDENTIAL_NAMES if (value := values.get(name))}
    for name, value in found.items():
        if not value.isprintable():
            msg = (
                f"{env_file}: {name} has a line end or another unprintable character: write it on one line, "
                "and close its quote there"
            )
            raise SettingsError(msg)
    if found:
        for name in CREDENTIAL_NAMES:
            os.environ.pop(name, None)
        os.environ.update(found)
