"""A progress store that fails on request, and the wrapper that endures it."""

import threading
from typing import Any

from alerts.store.enduring import EnduringStore
from alerts.store.progress_store import ProgressStore, StoreError
from fraudstream.runtime.outages import Outage
from tests.unit.alerts.alert_fakes import NOW_MS, NoWait


class FailingStore:
    """Passes calls to a store, except that the next ones raise ``faults`` in turn."""

    def __init__(self, inner: ProgressStore) -> None:
        self.inner = inner
        self.faults: list[StoreError] = []
        self.calls: list[str] = []
        """The methods that were called, whether or not they failed."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        """Return the store's method."""

        def call(*arguments: object) -> object:
            self.calls.append(name)
            if self.faults:
                raise self.faults.pop(0)
            return getattr(self.inner, name)(*arguments)

        return call


def enduring(
    store: object, said: list[str] | None = None, stop: threading.Event | None = None, now_ms: int = NOW_MS
) -> EnduringStore:
    lines = [] if said is None else said
    seconds = iter(range(0, 10**9, 10))
    return EnduringStore(
        store,  # type: ignore[arg-type] # a fake
        outage=Outage("store x", lines.append, monotonic_s=lambda: float(next(seconds))),
        stop=stop or NoWait(),
        now_ms=lambda: now_ms,
    )
