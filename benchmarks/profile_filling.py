"""Profile store filled with the histories of a simulated bank, through the kernel's core, without a job."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, NamedTuple, Self

from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.duration import DAY_MS
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import ProfileStore, ProfileStoreError
from producer.simulation import TrafficOptions
from producer.source_bank import bank_records

WRITTEN_TOGETHER: Final = 2_000
REPORT_INTERVAL_S: Final = 0.5
KEPT_MS: Final = 60 * DAY_MS
"""Time until the rows expire: longer than any benchmark."""

HEAP: Final = "6g"
JAVA_OPTIONS: Final = "_JAVA_OPTIONS"
"""Read by the JVM at its start; it has precedence over arguments."""


class FilledStore(NamedTuple):
    """Contents of a store: profiles, bytes of the largest one, and most transactions of a history."""

    profiles: int
    largest_bytes: int
    most_transactions: int


OnProgress = Callable[[int, int], None]
"""Receives the number of transactions so far and of all."""


def ignore_progress(_done: int, _all: int) -> None:
    """Report nothing."""


class ProfileFilling:
    """Histories of the newest days of a bank, as one job from the start of them would have them.

    ``end_ms`` is the time of the newest transaction and of the rows, in epoch milliseconds. The histories are
    in the memory of the JVM until they are written, about 100 bytes for each transaction and entity.
    """

    def __init__(self, hash_key: str, end_ms: int, catalogue: Catalogue = BUILT_IN) -> None:
        with _large_heap():
            kernel = OnlineKernel(catalogue, KernelLimits(), hash_key)
        self.entities = kernel.entities
        self._replay = kernel.replay()
        self._end_ms = end_ms

    def apply(self, traffic: TrafficOptions, days: float, on_progress: OnProgress = ignore_progress) -> int:
        """Add the bank's transactions of ``days`` days; return their number."""
        count = round(traffic.accounts * traffic.transactions_per_account_per_day * days)
        for done, record in enumerate(bank_records(traffic, count, self._end_ms)):
            self._replay.add(record.data, self._end_ms)
            if done % 10_000 == 0:
                on_progress(done, count)
        on_progress(count, count)
        return count

    def write(self, store: ProfileStore, on_progress: OnProgress = ignore_progress) -> FilledStore:
        """Write every history and the progress of the entities; return the numbers of what was written.

        Raises `ProfileStoreError`.
        """
        batch: list[ProfileRow] = []
        written = largest = most = 0
        for row in self._rows():
            batch.append(row)
            written, largest, most = written + 1, max(largest, len(row.profile)), max(most, row.ordinal)
            if len(batch) == WRITTEN_TOGETHER:
                store.write(batch, self._end_ms)
                batch = []
                on_progress(written, written)
        store.write(batch, self._end_ms)
        report_progress(store, self.entities, self._end_ms, self._end_ms)
        return FilledStore(profiles=written, largest_bytes=largest, most_transactions=most)

    def _rows(self) -> Iterator[ProfileRow]:
        for at, entity in enumerate(self.entities):
            for id_ in self._replay.ids(at):
                yield ProfileRow(
                    key=ProfileKey(entity, str(id_)),
                    epoch_ms=self._end_ms,
                    ordinal=int(self._replay.ordinal(at, id_)),
                    updated_ms=self._end_ms,
                    expires_ms=self._end_ms + KEPT_MS,
                    profile=bytes(self._replay.profile(at, id_)),
                )


@contextlib.contextmanager
def _large_heap() -> Iterator[None]:
    """Raise the core's own limit of memory, which is for servers, for a JVM that starts in the block."""
    before = os.environ.get(JAVA_OPTIONS)
    os.environ[JAVA_OPTIONS] = f"{before or ''} -Xmx{HEAP}".strip()
    try:
        yield
    finally:
        # Not for the processes that are started later.
        if before is None:
            del os.environ[JAVA_OPTIONS]
        else:
            os.environ[JAVA_OPTIONS] = before


def report_progress(store: ProfileStore, entities: tuple[str, ...], epoch_ms: int, until_ms: int) -> None:
    """Report as a job of one task that every change until ``until_ms`` is in the store."""
    for entity in entities:
        progress = ProfileProgress(
            entity=entity, task=0, tasks=1, epoch_ms=epoch_ms, written_until_ms=until_ms
        )
        store.report(progress)


class IdleJob:
    """Reports progress while the block runs, as a job does that receives no transactions.

    ``open_store`` returns a connection for the thread, ``now_ms`` is the wall clock. An error ends the
    reports and is raised at the end of the block: profiles would have become stale.
    """

    def __init__(
        self,
        open_store: Callable[[], ProfileStore],
        entities: tuple[str, ...],
        epoch_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._open_store = open_store
        self._entities = entities
        self._epoch_ms = epoch_ms
        self._now_ms = now_ms
        self._ended = threading.Event()
        self._error: ProfileStoreError | None = None
        self._thread = threading.Thread(target=self._report, daemon=True)

    def __enter__(self) -> Self:
        """Start to report."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the reports; raises `ProfileStoreError` if one failed and the block did not."""
        self._ended.set()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _report(self) -> None:
        store = self._open_store()
        try:
            while True:
                report_progress(store, self._entities, self._epoch_ms, self._now_ms())
                if self._ended.wait(REPORT_INTERVAL_S):
                    return
        except ProfileStoreError as error:
            self._error = error
        finally:
            store.close()
