"""Line of figures about the served system, while it runs."""

from collections.abc import Callable, Sequence

from fraudstream.profiles.profile_rows import ProfileProgress, written_until_ms
from producer.sending_statistics import Statistics


def profile_lag_ms(progress: Sequence[ProfileProgress], now_ms: int) -> int | None:
    """Return how far the store of profiles is behind at ``now_ms``; None if an entity has not reported."""
    entities = {each.entity for each in progress}
    times = [written_until_ms(progress, entity) for entity in entities]
    known = [time for time in times if time is not None]
    return max(0, now_ms - min(known)) if known and len(known) == len(times) else None


class ServeView:
    """Line about the producer and the profiles; ``progress`` asks the store, which may fail.

    ``now_s`` is a monotonic clock, ``now_ms`` the wall clock.
    """

    def __init__(
        self,
        statistics: Statistics,
        progress: Callable[[], Sequence[ProfileProgress] | None],
        now_s: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._statistics = statistics
        self._progress = progress
        self._now_s = now_s
        self._now_ms = now_ms
        self._last = (now_s(), 0)

    def line(self) -> str:
        """Return the figures since the last line."""
        sent, now_s = self._statistics.sent_good, self._now_s()
        before_s, sent_before = self._last
        self._last = (now_s, sent)
        rate = (sent - sent_before) / max(now_s - before_s, 1e-3)
        failed = f", {self._statistics.failed:,} failed" if self._statistics.failed else ""
        return f"{sent:,} transactions sent ({rate:,.0f}/s{failed}); {self._profiles()}"

    def _profiles(self) -> str:
        progress = self._progress()
        if progress is None:
            return "the profile store does not answer"
        lag_ms = profile_lag_ms(progress, self._now_ms())
        return "no profiles yet" if lag_ms is None else f"profiles {lag_ms / 1000:.1f} s behind"
