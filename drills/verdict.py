"""Verdict on a fault: comparison of everything sent with all output. No clock, no network."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from drills.alert_comparison import AlertComparison
from drills.arrivals import Arrival
from drills.evidence import Evidence, ExpectedOutput, Finding
from drills.letter_comparison import LetterComparison
from drills.live_job import WrittenRecord
from drills.scored_comparison import ScoredComparison
from drills.truth import Truth
from fraudstream.domain.transaction import TransactionKey

MS_PER_S: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Cost of a fault: what was lost, wrong or duplicated, and the time to recover."""

    name: str
    sent: int
    """Records put into the stream, including duplicates and broken ones."""
    lost: int
    """Transactions without a score or, if the score reaches the threshold, without an alert; alerts that were
    not delivered; duplicates that were not recognised; refused records without a dead letter or a review."""
    wrong: int
    """Records with a field that differs from the reference, output for records that were not sent, and output
    that was repeated although nothing was to be read again."""
    alerts_doubled: int
    """Delivered alerts beyond the first of each id."""
    alerts_with_new_id: int
    """Alerts whose id does not belong to a transaction with a score that reached the threshold."""
    recovery_s: float
    """The longest wait for a score, or for an alert if a consumer is drilled. Counts transactions that were
    sent after the fault began or not processed by then; the time before the fault's end is not counted."""
    may_lose: bool = False
    """Whether the fault states that transactions are lost."""
    complaints: Sequence[str] = field(default=())
    """Descriptions of everything lost, wrong or alerted with a new id."""

    @property
    def is_survived(self) -> bool:
        """Whether nothing is lost, unless it was stated, nothing is wrong, and no alert has a new id."""
        return not ((self.lost and not self.may_lose) or self.wrong or self.alerts_with_new_id)

    def to_json(self) -> dict[str, Any]:
        """Return the fault's entry in build/drill.json."""
        return {
            "name": self.name,
            "sent": self.sent,
            "lost": self.lost,
            "wrong": self.wrong,
            "alerts_doubled": self.alerts_doubled,
            "alerts_with_new_id": self.alerts_with_new_id,
            "recovery_s": round(self.recovery_s, 1),
        }


def judge(name: str, expected: ExpectedOutput, evidence: Evidence) -> Verdict:
    """Return the verdict on the fault ``name``: all output against the journal and the reference."""
    truth = Truth(evidence.arrivals, expected.widest)
    scored = ScoredComparison(truth, expected, evidence)
    alerts = AlertComparison(truth, expected, evidence, scored)
    findings = [
        *_not_accepted(evidence),
        *scored.findings(),
        *alerts.findings(),
        *LetterComparison(truth, evidence).findings(),
    ]
    ids = Counter(str(record.content.get("alert_id")) for record in evidence.delivered)
    return Verdict(
        name=name,
        sent=len(evidence.arrivals),
        lost=sum(each.kind == "lost" for each in findings),
        wrong=len({each.about for each in findings if each.kind == "wrong"}),
        alerts_doubled=ids.total() - len(ids),
        alerts_with_new_id=sum(each.kind == "new_id" for each in findings),
        recovery_s=recovery_s(evidence),
        complaints=[each.text for each in findings],
    )


def _not_accepted(evidence: Evidence) -> Iterator[Finding]:
    """Yield the items of the load that are not in the stream as often as they were to be sent."""
    wanted = Counter(item.sha256 for item in evidence.items)
    missing = wanted - Counter(arrival.item.sha256 for arrival in evidence.arrivals)
    for sha256, count in missing.items():
        for number in range(count):
            yield Finding("lost", f"{sha256} {number}", f"the stream never got the record {sha256}")


def recovery_s(evidence: Evidence) -> float:
    """Return the longest wait that the fault can have caused, in seconds; see `Verdict.recovery_s`."""
    first_ms = _first_ms(evidence.recovered)
    waits_ms = [
        first_ms[key] - max(tried_ms, evidence.ended_ms)
        for key, tried_ms in _first_tries_ms(evidence.arrivals).items()
        if key in first_ms and (tried_ms >= evidence.began_ms or first_ms[key] >= evidence.began_ms)
    ]
    return max([0, *waits_ms]) / MS_PER_S


def _first_tries_ms(arrivals: Iterable[Arrival]) -> dict[TransactionKey, int]:
    first_ms: dict[TransactionKey, int] = {}
    for arrival in arrivals:
        if arrival.item.transaction is not None:
            first_ms.setdefault(arrival.item.transaction.key, arrival.attempted_ms)
    return first_ms


def _first_ms(records: Iterable[WrittenRecord]) -> dict[TransactionKey, int]:
    first_ms: dict[TransactionKey, int] = {}
    for record in records:
        # Null in an alert that sums up reviews of several transactions.
        if record.content.get("transaction_id") is not None:
            first_ms.setdefault(TransactionKey.of(record.content), record.arrival_ms)
    return first_ms
