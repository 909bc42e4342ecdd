"""The small disk of RocksDB, and how it is filled: needs the right to mount."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from drills.faults.disk_faults import DISK_MIB, filled, small_disk
from drills.root_rights import RootCommandError, can_mount, memory_disk, run_as_root

needs_mount = pytest.mark.skipif(
    not can_mount(),
    reason="no right to mount: needs root or sudo without a password, and CAP_SYS_ADMIN in a container",
)


@needs_mount
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


def test_a_command_that_does_not_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("drills.root_rights.TIMEOUT_S", 0.1)
    with pytest.raises(RootCommandError, match=r"sleep 60 did not end within 0\.1 s"):
        run_as_root("sleep", "60")


def test_without_sudo_nothing_can_be_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1_000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not can_mount()


@pytest.mark.parametrize(
    "failing", ["echo 'mount: permission denied.' >&2; exit 32", "exec sleep 60"], ids=["refuses", "hangs"]
)
def test_root_whose_mount_fails_has_no_right_to_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    mount = tmp_path / "mount"
    mount.write_text(f"#!/bin/sh\n{failing}\n")
    mount.chmod(0o755)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("drills.root_rights.TIMEOUT_S", 0.5)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert not can_mount()


@pytest.mark.parametrize("is_mounted", [True, False])
def test_a_disk_whose_mount_is_interrupted_is_unmounted_if_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_mounted: bool
) -> None:
    commands = []

    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command[0])
        if command[0] == "mount":
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.path.ismount", lambda _: is_mounted)
    monkeypatch.setattr("subprocess.run", run)
    with pytest.raises(KeyboardInterrupt), memory_disk(tmp_path, 1):
        pytest.fail("the disk was not mounted")
    assert commands == (["mount", "umount"] if is_mounted else ["mount"])
