"""The small disk of RocksDB, and how it is filled: needs the right to mount."""

import errno
import os
from pathlib import Path

import pytest

from drills.faults.disk_faults import DISK_MIB, filled, small_disk
from drills.root_rights import RootCommandError, has_root, run_as_root

needs_root = pytest.mark.skipif(not has_root(), reason="neither root nor sudo without a password")


@needs_root
def test_a_full_disk_takes_no_byte_until_it_is_emptied(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    with small_disk(place):
        (place / "before").write_bytes(b"kept")
        with filled(place):
            with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                (place / "during").write_bytes(b"x" * 100_000)
            assert (place / "before").read_bytes() == b"kept"
        (place / "after").write_bytes(b"x" * 100_000)
        assert os.statvfs(place).f_blocks * os.statvfs(place).f_frsize == DISK_MIB * 1024 * 1024
    assert not list(place.iterdir())


def test_a_command_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(RootCommandError, match="/no/such/place"):
        run_as_root("ls", "/no/such/place")


def test_without_sudo_there_is_no_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1_000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_root()
