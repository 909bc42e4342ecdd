"""Start of a program whose secrets are in files, by the module's name and the program's command line.

The variable `SECRETS_FROM_FILE` lists ``NAME=FILE``, separated by commas. Each NAME is set to the contents of
its file, and the process becomes the command. Standard library only: it is the entrypoint of containers.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LIST: Final = "SECRETS_FROM_FILE"


class SecretFileError(Exception):
    """A secret can't be read; the message names its variable and file, and never has its contents."""


def with_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the variables of the listed files, without the list.

    A file's contents count without white space around them. A variable that is set already is replaced.
    Raises `SecretFileError` for an entry without a name or file, and for an empty or unreadable file.
    """
    result = dict(environment)
    for entry in result.pop(LIST, "").split(","):
        if entry:
            name, _, file = entry.partition("=")
            result[name] = _secret(entry, name, file)
    return result


def _secret(entry: str, name: str, file: str) -> str:
    if not name or not file:
        msg = f"{LIST}: {entry!r} is not NAME=FILE"
        raise SecretFileError(msg)
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        msg = f"{LIST}: the file {file} of {name} can't be read ({reason})"
        raise SecretFileError(msg) from None
    if not secret:
        msg = f"{LIST}: the file {file} of {name} is empty: write the secret into it"
        raise SecretFileError(msg)
    return secret


def main(command: list[str]) -> None:
    """Replace the process by the command; exits with code 2 and a line if that is impossible."""
    if not command:
        sys.exit("error: give the command to run")
    try:
        os.execvpe(command[0], command, with_secrets(os.environ))  # noqa: S606 - the command is the container's own
    except SecretFileError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
