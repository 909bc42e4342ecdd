"""Commands that need root: run directly by root, or with sudo where it asks for no password."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TIMEOUT_S: Final = 20


class RootCommandError(Exception):
    """A command that needs root failed; the message has what it printed."""


def can_mount() -> bool:
    """Return whether `memory_disk` works, by trying it: the root of a container often may not mount."""
    try:
        with tempfile.TemporaryDirectory(prefix="fraudstream-mount-") as folder, memory_disk(Path(folder), 1):
            return True
    except (RootCommandError, OSError):
        return False


@contextmanager
def memory_disk(place: Path, mebibytes: int) -> Iterator[None]:
    """Mount a disk in memory at ``place``, an empty folder, while the block runs.

    Raises `RootCommandError` or ``OSError`` if it can't be mounted.
    """
    try:
        run_as_root("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place))
        yield
    finally:
        # Also after an interrupt or a timeout of mount, which may have mounted it all the same.
        if os.path.ismount(place):
            # Lazily: after an error, a worker that still runs may have files open.
            run_as_root("umount", "--lazy", str(place))


def run_as_root(*command: str) -> None:
    """Run a command as root.

    Raises `RootCommandError` if it fails or does not end within `TIMEOUT_S`, ``OSError`` if it can't be run.
    """
    full = command if os.geteuid() == 0 else ("sudo", "--non-interactive", *command)
    try:
        done = subprocess.run(full, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        msg = (
            f"{' '.join(full)} did not end within {TIMEOUT_S} s; "
            "run as root, or allow sudo without a password"
        )
        raise RootCommandError(msg) from None
    if done.returncode:
        msg = f"{' '.join(full)} failed: {done.stderr.strip()}; run as root, or allow sudo without a password"
        raise RootCommandError(msg)
