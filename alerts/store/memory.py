"""Progress store in memory, for a replay, which must not change stored progress."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from alerts.message_consumer import REMEMBERED
from alerts.store.progress_store import Claims
from fraudstream.streams.positions import Position


class MemoryStore:
    """A `ProgressStore` that begins empty and ends with the process.

    It remembers the last `REMEMBERED` ids; a duplicate after more ids than that is handled again.
    """

    def __init__(self) -> None:
        self._done: OrderedDict[str, int] = OrderedDict()

    def begin(self, start_ms: int | None) -> int | None:
        """Return the start of this run."""
        return start_ms

    def positions(self) -> dict[str, Position]:
        """Return no positions: a replay begins at its start time."""
        return {}

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Do nothing: a replay is never resumed."""

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Return the remembered ids as done and the others as ours."""
        del now_ms  # ids are evicted by number here, not by time
        done = [alert_id for alert_id in alert_ids if alert_id in self._done]
        return Claims([alert_id for alert_id in alert_ids if alert_id not in self._done], done, ())

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that the alerts are handled, and evict the oldest ids."""
        self._done |= dict.fromkeys(alert_ids, now_ms)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    def handled_ms(self, alert_ids: Sequence[str]) -> dict[str, int]:
        """Return when each of the remembered ids was handled."""
        return {alert_id: self._done[alert_id] for alert_id in alert_ids if alert_id in self._done}

    def release(self, alert_ids: Sequence[str]) -> None:
        """Do nothing: this store records no claims."""

    def close(self) -> None:
        """Do nothing: nothing is open."""
