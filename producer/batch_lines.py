"""Lines of a running producer: one for each batch, and one at once for a batch with much fraud."""

from collections.abc import Callable
from typing import Final

from fraudstream.runtime.clock import SYSTEM_CLOCK, Clock
from producer.sending_statistics import BatchOutcome, Statistics

LEAST_S: Final = 1.0
"""Time before which a rate means little: the first batch is sent at once."""


class BatchLines:
    """Writes a line for each batch; ``statistics`` are those of the sender that calls it.

    The rate, shown after a second, is that of the whole run, from when this object was made. A batch that is
    high in fraud gets a second line. Lines are ASCII.
    """

    def __init__(
        self, statistics: Statistics, write: Callable[[str], object], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._statistics = statistics
        self._write = write
        self._clock = clock
        self._began_s = clock.monotonic_s()

    def on_batch(self, batch: BatchOutcome) -> None:
        """Write the lines of a batch."""
        self._write(
            f"batch {batch.number:,}: {batch.sent}/{batch.records} sent{self._fraud(batch)}{self._total()}"
        )
        if batch.is_high:
            verb = "are suspected fraud" if batch.is_suspicion else "are fraud"
            share = f"{batch.fraud / batch.judged:.0%}"
            self._write(
                f"HIGH FRAUD ALERT: {batch.fraud} of {batch.judged} transactions of batch {batch.number:,} "
                f"{verb} ({share})"
            )

    def _fraud(self, batch: BatchOutcome) -> str:
        if not batch.judged:
            return ""
        return f", {batch.fraud} {'suspected' if batch.is_suspicion else 'fraud'}"

    def _total(self) -> str:
        statistics = self._statistics
        elapsed_s = self._clock.monotonic_s() - self._began_s
        line = f" | total {statistics.sent_good:,} transactions"
        if statistics.labelled:
            line += f", {statistics.fraud:,} fraud ({statistics.fraud / statistics.labelled:.1%})"
        elif statistics.judged_unlabelled:
            share = statistics.suspected / statistics.judged_unlabelled
            line += f", {statistics.suspected:,} suspected ({share:.1%})"
        return line if elapsed_s < LEAST_S else f"{line}, {statistics.sent / elapsed_s:,.1f}/s"
