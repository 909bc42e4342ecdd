"""Progress that nobody keeps: for a replay, which must leave everything stored as it is."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from alerts.message_consumer import REMEMBERED
from alerts.store.progress_store import Claims
from fraudstream.streams.positions import Position


class MemoryStore:
    """A `ProgressStore` of one process, which begins with nothing and ends with it.

    It knows the last `REMEMBERED` ids; a double that comes after so many others is handled once more.
    """

    def __init__(self) -> None:
        self._done: OrderedDict[str, None] = OrderedDict()

    def begin(self, start_ms: int | None) -> int | None:
        """Return where this run begins."""
        return start_ms

    def positions(self) -> dict[str, Position]:
        """Return none: a replay begins at its time."""
        return {}

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Do nothing: a replay does not go on anywhere."""

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Tell which are done; the others are ours."""
        del now_ms  # ids go by their number here, not by time
        done = [alert_id for alert_id in alert_ids if alert_id in self._done]
        return Claims([alert_id for alert_id in alert_ids if alert_id not in self._done], done, ())

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that these are handled, and forget the oldest ones."""
        del now_ms
        self._done |= dict.fromkeys(alert_ids)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    def release(self, alert_ids: Sequence[str]) -> None:
        """Do nothing: a claim leaves no record here."""

    def close(self) -> None:
        """Do nothing: there is nothing open."""
