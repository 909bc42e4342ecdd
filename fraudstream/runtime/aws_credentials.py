"""AWS credentials from ``.env``; they are no settings, and nothing prints them."""

import os
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from fraudstream.runtime.settings_sources import ENV_FILE

CREDENTIAL_NAMES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
)
"""What says who we are to AWS; one set, never mixed from two places."""


def export_aws_credentials(env_file: Path = ENV_FILE) -> None:
    """Put the AWS credentials of ``env_file`` into the environment, where boto3 and the JVM look.

    The file wins, as it does for settings, and it wins as a whole: if it holds any of
    `CREDENTIAL_NAMES`, the others are taken out of the environment, since the session token of one
    identity with the key of another is nobody's. Without the file, or any of them in it, nothing changes.
    """
    values = dotenv_values(env_file) if env_file.is_file() else {}
    found = {name: value for name in CREDENTIAL_NAMES if (value := values.get(name))}
    if found:
        for name in CREDENTIAL_NAMES:
            os.environ.pop(name, None)
        os.environ.update(found)
