"""Summary of a run that reads files: what was accepted, refused by reason, and ignored."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_REFUSED_SHARE: Final = 0.01
"""Share of refused transactions above which the summary warns: a good feed has a few in a million."""
_REMEDY: Final = "--dead-letters-out FILE writes each with its reason"
_REFUSED: Final = "refused:"
_REFUSED_LABELS: Final = "refused_labels:"


class NothingAcceptedError(Exception):
    """The source has records, and the job accepted none of them; the message has the reasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """Numbers of a run; ``refused`` and ``refused_labels`` are by reason of the dead letter.

    ``unused_labels`` are accepted labels of transactions that the source does not have.
    """

    transactions: int
    duplicates: int
    refused: Counter[str]
    has_labels: bool
    labels: int
    refused_labels: Counter[str]
    unused_labels: int

    @classmethod
    def of(cls, counts: Mapping[str, int], unused_labels: int, *, has_labels: bool) -> "RunSummary":
        """Return the summary of a job's accumulators, which the kernel's ``RunCounts`` names."""
        return cls(
            transactions=counts.get("transactions", 0),
            duplicates=counts.get("duplicates", 0),
            refused=_by_reason(counts, _REFUSED),
            has_labels=has_labels,
            labels=counts.get("labels", 0),
            refused_labels=_by_reason(counts, _REFUSED_LABELS),
            unused_labels=unused_labels,
        )

    @property
    def accepted(self) -> int:
        """Number of transactions that have features."""
        return self.transactions - self.duplicates - self.refused.total()

    def lines(self) -> list[str]:
        """Return the summary for people, with a warning if many transactions were refused."""
        counts = f"{self.transactions:,} read, {self.accepted:,} accepted{_refused(self.refused)}"
        lines = [f"transactions: {counts}, {self.duplicates:,} duplicates"]
        if self.has_labels:
            accepted = self.labels - self.refused_labels.total()
            lines.append(
                f"labels: {self.labels:,} read, {accepted:,} accepted{_refused(self.refused_labels)}, "
                f"{self.unused_labels:,} of transactions that the source does not have"
            )
        if not self.transactions:
            lines.append("warning: the source has no transactions")
        elif self.refused.total() > MAX_REFUSED_SHARE * self.transactions:
            share = self.refused.total() / self.transactions
            lines.append(f"warning: {share:.1%} of the transactions were refused; {_REMEDY}")
        if self.has_labels and not self.labels:
            lines.append("warning: the file of labels has none")
        elif self.refused_labels.total() > MAX_REFUSED_SHARE * self.labels:
            share = self.refused_labels.total() / self.labels
            lines.append(f"warning: {share:.1%} of the labels were refused; {_REMEDY}")
        return lines

    def check(self) -> None:
        """Raise `NothingAcceptedError` if there were transactions or labels, and all of them were refused."""
        if self.transactions and not self.accepted and not self.duplicates:
            msg = (
                f"none of {self.transactions:,} transactions was accepted ({_reasons(self.refused)}): the "
                f"source has another format, or other field names; {_REMEDY}"
            )
            raise NothingAcceptedError(msg)
        if self.labels and self.refused_labels.total() == self.labels:
            msg = (
                f"none of {self.labels:,} labels was accepted ({_reasons(self.refused_labels)}), so no fraud "
                f"is known; {_REMEDY}"
            )
            raise NothingAcceptedError(msg)


def _by_reason(counts: Mapping[str, int], prefix: str) -> Counter[str]:
    return Counter(
        {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
    )


def _refused(reasons: Counter[str]) -> str:
    return f", {reasons.total():,} refused" + (f" ({_reasons(reasons)})" if reasons else "")


def _reasons(reasons: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
