"""Transactions of a soak: a file of the simulated bank that is long enough for the whole run."""

import re
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fraudstream.archives.record_writers import replaced_when_whole
from producer.simulation import TrafficOptions, blocks

ACCOUNTS: Final = 10_000
"""They make about 50,000 transactions per day, so the longest window passes many times in half an hour."""
SEED: Final = 17
START_MS: Final = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
_GZIP: Final = 16 + zlib.MAX_WBITS
"""Makes zlib write a gzip header. The file is one gzip member, since readers may stop after the first one."""
_NAME: Final = f"soak-{{}}-of-{ACCOUNTS}-accounts-seed-{SEED}.jsonl.gz"


def traffic_file(folder: Path, transactions: int, on_written: Callable[[int], None]) -> Path:
    """Return a file of at least this many transactions: an existing one in ``folder``, or a new one.

    ``on_written`` receives the number of transactions written since its last call.
    """
    for length, path in sorted(_files(folder)):
        if length >= transactions:
            return path
    path = folder / _NAME.format(transactions)
    _write(path, transactions, on_written)
    return path


def _files(folder: Path) -> Iterator[tuple[int, Path]]:
    pattern = re.compile(_NAME.format(r"(\d+)").replace(".", r"\."))
    for path in folder.glob("soak-*.gz"):
        if found := pattern.fullmatch(path.name):
            yield int(found[1]), path


def _write(path: Path, transactions: int, on_written: Callable[[int], None]) -> None:
    """Write the file; it appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
    # Compression takes as long as the simulation, so it runs in a thread beside it.
    with (
        replaced_when_whole(path) as unfinished,
        unfinished.open("wb") as file,
        ThreadPoolExecutor(1) as thread,
    ):
        packed = thread.submit(bytes)
        for lines in _lines(transactions, on_written):
            file.write(packed.result())
            packed = thread.submit(packer.compress, lines)
        file.write(packed.result() + packer.flush())


def _lines(transactions: int, on_written: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the transactions as JSON lines, about a day at a time."""
    left = transactions
    for block in blocks(TrafficOptions(seed=SEED, accounts=ACCOUNTS, start_ms=START_MS)):
        records = list(block.records())[:left]
        yield b"".join(record + b"\n" for record in records)
        left -= len(records)
        on_written(len(records))
        if not left:
            return
