"""Transaction files of the benchmark: the producer's transactions, written once, and derived files."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from benchmarks.errors import StoppedError
from fraudstream.archives.record_writers import replaced_when_whole
from producer.simulation import TrafficOptions, blocks
from producer.simulation.plans import NONE

ACCOUNTS: Final = 20_000
SEED: Final = 11
"""Differs from the seed of `make train`, so the model has not seen these transactions."""
START_MS: Final = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
HOT_KEY_EVERY: Final = 4
"""Every fourth transaction belongs to the hot account, a quarter of all."""
HOT_ACCOUNT: Final = "ACC_HOT"
STRIDE: Final = 7_919
"""A prime: steps of this size, modulo a number of accounts that it doesn't divide, visit every account."""


@dataclass(frozen=True, slots=True)
class TransactionFiles:
    """Transaction files in ``folder``; writing one raises `StoppedError` when ``stop`` is set."""

    folder: Path
    stop: threading.Event

    def generated(self, transactions: int) -> tuple[Path, Path]:
        """Return the file of this many generated transactions and the file of their labels (numpy, bool)."""
        path = self.folder / f"simulated-{transactions}-of-{ACCOUNTS}-accounts-seed-{SEED}.jsonl"
        truth = path.with_suffix(".truth.npy")
        if path.is_file() and truth.is_file():
            return path, truth
        options = TrafficOptions(seed=SEED, accounts=ACCOUNTS, start_ms=START_MS)
        is_fraud: list[np.ndarray[Any, np.dtype[np.bool_]]] = []

        def lines() -> Iterator[bytes]:
            for block in blocks(options):
                is_fraud.append(block.rows["fraud"] != NONE)
                yield from (record + b"\n" for record in block.records())

        self._write_lines(path, itertools.islice(lines(), transactions))
        np.save(truth, np.concatenate(is_fraud)[:transactions])
        return path, truth

    def first(self, source: Path, transactions: int) -> Path:
        """Return a file of the first ``transactions`` lines of ``source``."""
        name = f"first-{transactions}"
        return self._derived(source, name, lambda lines: itertools.islice(lines, transactions))

    def with_hot_key(self, source: Path) -> Path:
        """Return a file of the same transactions with a quarter of them moved to one account."""
        return self._derived(source, "hot-key", hot_key_lines)

    def spread_over(self, source: Path, accounts: int) -> Path:
        """Return a file of the same transactions distributed over this many accounts."""
        return self._derived(source, f"over-{accounts}-accounts", lambda lines: spread_lines(lines, accounts))

    def _derived(self, source: Path, name: str, change: Callable[[Iterable[bytes]], Iterable[bytes]]) -> Path:
        path = source.with_name(f"{source.stem}-{name}.jsonl")
        if not path.is_file():
            with source.open("rb") as lines:
                self._write_lines(path, change(lines))
        return path

    def _write_lines(self, path: Path, lines: Iterable[bytes]) -> None:
        """Write the file; it appears under its name only when it is complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_when_whole(path) as unfinished, unfinished.open("wb") as file:
            for line in lines:
                if self.stop.is_set():
                    raise StoppedError
                file.write(line)


def hot_key_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Move every fourth transaction, beginning with the first, to the hot account."""
    for number, line in enumerate(lines):
        yield line if number % HOT_KEY_EVERY else _moved(line, HOT_ACCOUNT)


def spread_lines(lines: Iterable[bytes], accounts: int) -> Iterator[bytes]:
    """Distribute the transactions over accounts; each account gets one before any gets two."""
    for number, line in enumerate(lines):
        yield _moved(line, spread_account(number, accounts))


def spread_account(number: int, accounts: int) -> str:
    """Return the account id of the transaction with this number."""
    return f"ACC_{number * STRIDE % accounts:07d}"


def count_lines(paths: Iterable[Path]) -> int:
    """Return the total number of lines of the files."""
    total = 0
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 22):
                total += chunk.count(b"\n")
    return total


def _moved(line: bytes, account_id: str) -> bytes:
    return orjson.dumps(orjson.loads(line) | {"account_id": account_id}) + b"\n"
