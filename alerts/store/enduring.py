"""Progress store that survives an outage of another one, of any length."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from alerts.store.progress_store import Claims, ProgressStore, StoreError
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.outages import Outage
from fraudstream.streams.positions import Position

Answer = TypeVar("Answer")

LONGEST_WAIT_S: Final = 30.0
PART: Final = "store"


class EnduringStore:
    """A `ProgressStore` that repeats failed calls of ``store`` until they succeed or ``stop`` is set.

    Until the first success only a `StoreError` that is transient is endured, afterwards each one that is not
    lasting: tables and permissions get repaired. After a failure the start and all positions are written
    again, in case the store has lost them: a table that was deleted is created empty. Every method raises
    `StopRequestedError` if it could not be done before the stop. ``now_ms`` is the wall clock.
    """

    def __init__(
        self,
        store: ProgressStore,
        *,
        outage: Outage,
        stop: threading.Event,
        now_ms: Callable[[], int],
        backoff: Backoff | None = None,
    ) -> None:
        self._store = store
        self._outage = outage
        self._stop = stop
        self._now_ms = now_ms
        self._backoff = backoff or Backoff(cap_s=LONGEST_WAIT_S)
        self._start_ms: int | None = None
        self._has_worked = False
        self._positions: dict[str, Position] = {}

    def begin(self, start_ms: int | None) -> int | None:
        """Store where the first run began; see `ProgressStore.begin`."""
        self._start_ms = self._endure(lambda: self._store.begin(start_ms))
        return self._start_ms

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard, by shard id."""
        self._positions = self._endure(self._store.positions)
        return dict(self._positions)

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Move positions forward."""
        self._positions |= positions
        self._endure(lambda: self._store.advance(positions))

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Claim the ids; after an outage with the present time, so that the lease is not over already."""
        times = iter((now_ms,))
        return self._endure(lambda: self._store.claim(alert_ids, next(times, None) or self._now_ms()))

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that the alerts are handled."""
        self._endure(lambda: self._store.finish(alert_ids, now_ms))

    def handled_ms(self, alert_ids: Sequence[str]) -> dict[str, int]:
        """Return when each of these ids was handled."""
        return self._endure(lambda: self._store.handled_ms(alert_ids))

    def release(self, alert_ids: Sequence[str]) -> None:
        """Release claims."""
        self._endure(lambda: self._store.release(alert_ids))

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _endure(self, call: Callable[[], Answer]) -> Answer:
        retries = 0
        while True:
            try:
                if retries and self._has_worked:
                    self._restore()
                answer = call()
            except StoreError as error:
                if error.is_lasting or not (self._has_worked or error.is_transient):
                    raise
                self._outage.failed(PART, str(error))
            else:
                self._has_worked = True
                self._outage.worked(PART)
                return answer
            if self._stop.wait(self._backoff.wait_s(retries)):
                msg = f"stopped during an outage: {self._outage.problem}"
                raise StopRequestedError(msg)
            retries += 1

    def _restore(self) -> None:
        self._store.begin(self._start_ms)
        self._store.advance(self._positions)
