"""Files with data of customers, which only their owner may read and write."""

import os
import stat
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600


def open_private(path: str | Path, flags: int) -> int:
    """Return the descriptor of a file; a new one has `FILE_MODE`. Usable as the ``opener`` of ``open``.

    The mode of an existing file is not changed. Raises ``OSError``.
    """
    return os.open(path, flags, FILE_MODE)


def make_private(path: Path) -> None:
    """Take access to a file away from group and others, if it belongs to this user; raises ``OSError``."""
    found = path.stat()
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(FILE_MODE)
