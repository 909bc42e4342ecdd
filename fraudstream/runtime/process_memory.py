"""Memory of a process, as Linux counts it."""

import os
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process; raises `FileNotFoundError` if it has ended."""
    _, resident_pages, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    return int(resident_pages) * os.sysconf("SC_PAGE_SIZE")
