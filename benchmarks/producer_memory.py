"""Memory of `produce stream` by number of accounts: ``python -m benchmarks.producer_memory [TRANSACTIONS]``.

Each line is a new process that simulates, enriches and sends to a stream that keeps nothing: its resident
memory after a quarter of the transactions and after all of them. Linux only.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from fraudstream.domain.enrichment import TransactionEnricher
from fraudstream.runtime.process_memory import resident_bytes
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.protocols import PutResult, Record
from producer.enriching import suspected_items
from producer.mixing import RecordItem
from producer.simulation import TrafficOptions
from producer.source_bank import bank_items
from producer.transaction_sender import TransactionSender

ACCOUNTS: Final = (2_000, 20_000, 100_000)
TRANSACTIONS: Final = 200_000
BATCH_SIZE: Final = 500
START_MS: Final = 1_767_200_400_000
"""2026-01-01, 00:00 in Vietnam."""
MIB: Final = 1024 * 1024


class ProducerMemory(NamedTuple):
    """Resident memory of a producer in bytes, after a quarter of its transactions and after all of them."""

    accounts: int
    quarter_bytes: int
    end_bytes: int

    def line(self) -> str:
        """Return the measurement as a line of text."""
        ratio = self.end_bytes / self.quarter_bytes
        return (
            f"{self.accounts:>8,} accounts  {self.quarter_bytes / MIB:6.1f} MiB after a quarter, "
            f"{self.end_bytes / MIB:6.1f} MiB at the end (x {ratio:.2f})"
        )


class ForgetfulWriter:
    """A stream that accepts every record and keeps none."""

    def put(self, records: Sequence[Record]) -> PutResult:
        """Accept the records."""
        return PutResult(sent=len(records))


def produce(accounts: int, transactions: int, memory: Callable[[], int]) -> ProducerMemory:
    """Send enriched transactions in this process, reading its memory from ``memory`` on the way."""
    quarter = max(transactions // 4, 1)
    bank = bank_items(TrafficOptions(accounts=accounts, start_ms=START_MS))
    items = suspected_items(bank, TransactionEnricher(), is_enriched=True)
    _send(islice(items, quarter))
    after_quarter = memory()
    _send(islice(items, transactions - quarter))
    return ProducerMemory(accounts, after_quarter, memory())


def measure_apart(accounts: int, transactions: int) -> ProducerMemory:
    """Return what `produce` measures in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.producer_memory", str(transactions), str(accounts)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    return ProducerMemory(accounts, *map(int, done.stdout.split()))


def main(arguments: Sequence[str], measured: Callable[[int, int], ProducerMemory] = measure_apart) -> None:
    """Measure and print; with a number of accounts too, measure in this process and print the bytes alone."""
    transactions, *accounts = [int(argument) for argument in arguments] or [TRANSACTIONS]
    for line in _lines(transactions, accounts, measured):
        sys.stdout.write(f"{line}\n")


def _lines(
    transactions: int, accounts: Sequence[int], measured: Callable[[int, int], ProducerMemory]
) -> Iterator[str]:
    for each in accounts:
        found = produce(each, transactions, lambda: resident_bytes(os.getpid()))
        yield f"{found.quarter_bytes} {found.end_bytes}"
    if not accounts:
        yield from (measured(each, transactions).line() for each in ACCOUNTS)


def _send(items: Iterator[RecordItem]) -> None:
    writer = ForgetfulWriter()
    sender = TransactionSender(
        items, writer, writer, batch_size=BATCH_SIZE, interval_s=0.0, max_ahead_ms=None
    )
    sender.run(threading.Event())


if __name__ == "__main__":
    main(sys.argv[1:])
