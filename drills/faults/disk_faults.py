"""Fault of a worker's local disk, on which RocksDB has its working state: it is full."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from drills.cluster import taskmanager_with
from drills.faults.fault import Fault
from drills.root_rights import memory_disk
from drills.stage import Stage

DISK: Final = "rocksdb-disk"
DISK_MIB: Final = 64
FILLER: Final = "filler"
FILLER_BYTES: Final = 65_536
NO_SPACE: Final = "No space left on device"
SMALL_BUFFERS: Final = ("state.backend.rocksdb.writebuffer.size=256kb", "state.backend.incremental=true")
"""Let a short load reach the disk: with Flink's buffers of 64 MiB it would stay in memory."""


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mount a disk of `DISK_MIB` in memory at ``place``, which is created, while the block runs.

    Raises `RootCommandError` or ``OSError`` if it can't be mounted.
    """
    place.mkdir()
    with memory_disk(place, DISK_MIB):
        yield


@contextmanager
def filled(place: Path) -> Iterator[None]:
    """Fill the disk at ``place`` to its last byte while the block runs."""
    filler = place / FILLER
    try:
        with filler.open("wb", buffering=0) as file:
            _fill(file.fileno())
        yield
    finally:
        filler.unlink()


def _fill(descriptor: int) -> None:
    block = bytes(FILLER_BYTES)
    try:
        while True:
            os.write(descriptor, block)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def with_small_disk(stage: Stage) -> Iterator[None]:
    """Run a TaskManager whose RocksDB has a small disk of its own while the block runs."""
    place = stage.folder / DISK
    local = f"state.backend.rocksdb.localdir={place}"
    with small_disk(place), taskmanager_with(stage.cluster, local, *SMALL_BUFFERS):
        yield


def fill_disk(stage: Stage) -> None:
    """Fill the disk for the duration of the outage, and until a log of the cluster says so."""
    place = stage.folder / DISK
    with stage.fault(f"RocksDB's disk is full for {stage.effort.outage_s:.0f} s"), filled(place):
        stage.pause(stage.effort.outage_s)
        stage.wait("the worker's complaint", lambda: stage.cluster.has_logged(NO_SPACE))


ROCKSDB_DISK_FULL: Final = Fault(
    name="rocksdb_disk_full",
    description="the local disk of RocksDB is full for a minute (needs the right to mount)",
    strike=fill_disk,
    prepared=with_small_disk,
    needs="the right to mount",
    options=("--state-backend", "rocksdb"),
    pace=0.2,
    may_repeat=True,
    pairs=False,
)
