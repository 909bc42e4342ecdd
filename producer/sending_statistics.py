"""Statistics of a producer's run, and the table that shows them."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rich.table import Table

HIGH_FRAUD_SHARE: Final = 0.3
"""Share of fraud among a batch's labelled good transactions; a batch above it gets a warning."""
SHOWN_WARNINGS: Final = 5


class BatchOutcome(NamedTuple):
    """Result of one batch: ``sent`` of ``records``, and ``fraud`` among the ``judged`` transactions sent.

    With ``is_suspicion`` the truth is unknown, and ``fraud`` counts the suspected transactions.
    """

    number: int
    records: int
    sent: int
    judged: int
    fraud: int
    is_suspicion: bool = False

    @property
    def is_high(self) -> bool:
        """Whether more than `HIGH_FRAUD_SHARE` of the judged transactions are fraud."""
        return self.fraud > HIGH_FRAUD_SHARE * self.judged


@dataclass(slots=True)
class Statistics:
    """Counters of a run. One thread writes them; others may read them at any time.

    ``failed`` counts the transactions, broken and duplicate records that could not be written,
    ``failed_labels`` the labels. ``retries`` counts requests beyond the first.
    """

    sent_good: int = 0
    sent_broken: int = 0
    sent_duplicates: int = 0
    sent_labels: int = 0
    labelled: int = 0
    """Good transactions whose label is known here; ``fraud`` counts the frauds among them."""
    fraud: int = 0
    judged_unlabelled: int = 0
    """Good transactions without a label that were judged; ``suspected`` counts those that look like fraud."""
    suspected: int = 0
    failed: int = 0
    failed_labels: int = 0
    batches: int = 0
    complete_batches: int = 0
    retries: int = 0
    waits_for_clock: int = 0
    """Batches that were held back because event time was too far ahead of the clock."""
    high_fraud_batches: int = 0
    shards: Counter[str] = field(default_factory=Counter)
    """Records by shard id; replaced, never changed in place, so that a reader sees a consistent counter."""
    error_codes: Counter[str] = field(default_factory=Counter)
    warnings: deque[str] = field(default_factory=lambda: deque(maxlen=SHOWN_WARNINGS))

    @property
    def sent(self) -> int:
        """Records of every kind that are in the transaction stream."""
        return self.sent_good + self.sent_broken + self.sent_duplicates

    @property
    def all_failed(self) -> int:
        """Records of both streams that could not be written."""
        return self.failed + self.failed_labels

    def count_fraud(self, batch: BatchOutcome) -> None:
        """Add the frauds of a batch, or the suspected ones, with a warning if there are many."""
        if batch.is_suspicion:
            self.suspected += batch.fraud
            self.judged_unlabelled += batch.judged
        else:
            self.fraud += batch.fraud
            self.labelled += batch.judged
        if batch.is_high:
            self.high_fraud_batches += 1
            verb = "are suspected" if batch.is_suspicion else "are fraud"
            share = f"{batch.fraud / batch.judged:.0%}"
            self.warnings.append(f"batch {batch.number}: {batch.fraud} of {batch.judged} {verb} ({share})")

    def table(self) -> Table:
        """Return the statistics as a table."""
        table = Table("Metric", "Count", title="Sent")
        for name, value in self._rows():
            table.add_row(name, value)
        for shard_id, count in sorted(self.shards.items()):
            table.add_row(shard_id, f"{count:,} ({count / max(self.sent, 1):.1%})")
        for warning in self.warnings:
            table.add_row("[yellow]high fraud[/yellow]", warning)
        return table

    def _fraud_share(self) -> str:
        if self.sent_good and not self.labelled:
            return f"unknown: no labels{self._suspected_share()}"
        return f"{self.fraud:,} ({self.fraud / max(self.labelled, 1):.1%})"

    def _suspected_share(self) -> str:
        if not self.judged_unlabelled:
            return ""
        return f"; {self.suspected:,} suspected ({self.suspected / self.judged_unlabelled:.1%})"

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            ("transactions", f"{self.sent_good:,}"),
            ("fraud", self._fraud_share()),
            ("broken records", f"{self.sent_broken:,}"),
            ("duplicate transactions", f"{self.sent_duplicates:,}"),
            ("labels", f"{self.sent_labels:,}"),
            ("complete batches", f"{self.complete_batches:,} of {self.batches:,}"),
            ("retries", f"{self.retries:,}"),
            ("failed records", f"{self.failed:,}"),
            ("failed labels", f"{self.failed_labels:,}"),
            ("high-fraud batches", f"{self.high_fraud_batches:,}"),
            ("batches held for the clock", f"{self.waits_for_clock:,}"),
        ]
        return rows + [(f"error {code}", f"{count:,}") for code, count in sorted(self.error_codes.items())]
