"""Profile store filled with the histories of a simulated bank, through the kernel's core, without a job."""

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Final, Self

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

OnProgress = Callable[[int, int], None]
"""Receives the number of transactions so far and of all."""


def ignore_progress(_done: int, _all: int) -> None:
    """Report nothing."""


class ProfileFilling:
    """Histories of the newest ``days`` days of a bank, as one job from the start of them would have them.

    ``end_ms`` is the time of the newest transaction and of the rows, in epoch milliseconds. The histories are
    in memory until they are written: about a kilobyte for each account, device and counterparty.
    """

    def __init__(self, hash_key: str, end_ms: int, catalogue: Catalogue = BUILT_IN) -> None:
        self.profiles: dict[ProfileKey, bytes] = {}
        self.ordinals: dict[ProfileKey, int] = {}
        self._kernel = OnlineKernel(catalogue, KernelLimits(), hash_key)
        self._end_ms = end_ms

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities that have profiles."""
        return self._kernel.entities

    def apply(self, traffic: TrafficOptions, days: float, on_progress: OnProgress = ignore_progress) -> int:
        """Add the bank's transactions of ``days`` days; return their number."""
        count = round(traffic.accounts * traffic.transactions_per_account_per_day * days)
        for done, record in enumerate(bank_records(traffic, count, self._end_ms)):
            self._add(record.data)
            if done % 10_000 == 0:
                on_progress(done, count)
        on_progress(count, count)
        return count

    def _add(self, record: bytes) -> None:
        transaction = self._kernel.parse(record, self._end_ms)
        stored = [None if key is None else self.profiles.get(key) for key in transaction.keys]
        _, changed = self._kernel.apply(transaction, stored)
        for key, profile in zip(transaction.keys, changed, strict=True):
            if key is not None and profile is not None:
                self.profiles[key] = profile
                self.ordinals[key] = self.ordinals.get(key, 0) + 1

    def write(self, store: ProfileStore, on_progress: OnProgress = ignore_progress) -> None:
        """Write every history and the progress of the entities. Raises `ProfileStoreError`."""
        batch: list[ProfileRow] = []
        for done, row in enumerate(self._rows()):
            batch.append(row)
            if len(batch) == WRITTEN_TOGETHER:
                store.write(batch, self._end_ms)
                batch = []
                on_progress(done, len(self.profiles))
        store.write(batch, self._end_ms)
        report_progress(store, self.entities, self._end_ms, self._end_ms)
        on_progress(len(self.profiles), len(self.profiles))

    def _rows(self) -> Iterator[ProfileRow]:
        for key, profile in self.profiles.items():
            yield ProfileRow(
                key=key,
                epoch_ms=self._end_ms,
                ordinal=self.ordinals[key],
                updated_ms=self._end_ms,
                expires_ms=self._end_ms + KEPT_MS,
                profile=profile,
            )


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
