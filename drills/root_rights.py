"""Commands that need root: run directly by root, or with sudo where it asks for no password."""

import os
import subprocess
from typing import Final

TIMEOUT_S: Final = 20


class RootCommandError(Exception):
    """A command that needs root failed; the message has what it printed."""


def has_root() -> bool:
    """Return whether `run_as_root` can run commands."""
    try:
        run_as_root("true")
    except (RootCommandError, OSError):
        return False
    return True


def run_as_root(*command: str) -> None:
    """Run a command as root; raises `RootCommandError` if it fails, and ``OSError`` if it can't be run."""
    full = command if os.geteuid() == 0 else ("sudo", "--non-interactive", *command)
    done = subprocess.run(full, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        msg = f"{' '.join(full)} failed: {done.stderr.strip()}; run as root, or allow sudo without a password"
        raise RootCommandError(msg)
