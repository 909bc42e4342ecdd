"""Comparison of the alerts of two runs, with the causes of each difference. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fraudstream.domain.alert import Alert

Kind = Literal["new", "gone", "score", "other"]

VERSIONS: Final = {"model_version": "model", "catalogue_version": "catalogue", "threshold": "threshold"}
FACTS: Final = (
    "account_id",
    "event_time",
    "transaction_amount_vnd",
    "risk_level",
    "likely_fraud_type",
    "flags",
)
"""Fields of an alert to compare beside score, versions and features. Its times of arrival and scoring are
left out: they differ between runs."""
UNEXPLAINED: Final = (
    "same model, catalogue and threshold: the transaction or some features differ in the other run"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A transaction whose alerts differ between two runs. A score is None if that run raised no alert.

    ``kind`` is ``new`` if only the second run alerted, ``gone`` if only the first did, ``score`` if both
    alerted with different scores, and ``other`` if the scores are equal and something else differs. ``why``
    has one line per cause.
    """

    transaction_id: str
    kind: Kind
    score_before: float | None
    score_after: float | None
    why: tuple[str, ...]


def differences(before: Mapping[str, Alert], after: Mapping[str, Alert]) -> Iterator[Difference]:
    """Compare two runs' alerts; both mappings are keyed by ``transaction_id``.

    Alert ids are unsuitable as keys because they change with the model version. Yields the differences in
    the order of the first run, then the new alerts in the order of the second.
    """
    for transaction_id, alert in before.items():
        other = after.get(transaction_id)
        if other is None:
            yield Difference(transaction_id, "gone", alert.score, None, _absence(alert, after.values()))
        elif causes := _causes(alert, other):
            kind: Kind = "other" if _same(alert.score, other.score) else "score"
            yield Difference(transaction_id, kind, alert.score, other.score, causes)
    for transaction_id, alert in after.items():
        if transaction_id not in before:
            yield Difference(transaction_id, "new", None, alert.score, _absence(alert, before.values()))


def _causes(before: Alert, after: Alert) -> tuple[str, ...]:
    """Return the differences: versions, then features, other fields and reasons.

    If only the score differs, the cause is a feature that alerts do not carry.
    """
    versions = _changes(before, after, VERSIONS)
    features = _feature_changes(before.features, after.features)
    facts = _changes(before, after, {name: name for name in FACTS})
    found = (*versions, *features, *facts, *_identity_changes(before, after))
    if not found and not _same(before.score, after.score):
        found = ("a feature that alerts do not contain; compare the runs with diff-features",)
    return (*found, *_reason_changes(before, after))


def _changes(before: Alert, after: Alert, labels: Mapping[str, str]) -> Iterator[str]:
    for name, label in labels.items():
        old, new = getattr(before, name), getattr(after, name)
        if not _same(old, new):
            yield f"{label} {_format_value(old)} → {_format_value(new)}"


def _feature_changes(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            yield f"{name} only in one run"
        elif not _same(before[name], after[name]):
            yield f"{name} {_format_value(before[name])} → {_format_value(after[name])}"


def _identity_changes(before: Alert, after: Alert) -> Iterator[str]:
    """Yield a difference of alert ids. Different models imply different ids, so that case is skipped."""
    if before.model_version == after.model_version:
        yield from _changes(before, after, {"alert_id": "alert_id"})


def _reason_changes(before: Alert, after: Alert) -> Iterator[str]:
    if (before.reasons, before.reasons_missing) == (after.reasons, after.reasons_missing):
        return
    old, new = _reasons(before), _reasons(after)
    yield (
        f"reasons {old} → {new}"
        if old != new
        else "the reasons name the same features, but differ in values or text"
    )


def _reasons(alert: Alert) -> str:
    return "+".join(reason.feature for reason in alert.reasons) or alert.reasons_missing or "none"


def _absence(alert: Alert, others: Collection[Alert]) -> tuple[str, ...]:
    """Return the causes of a missing alert that can be inferred from the other run's alerts."""
    if not others:
        return ("the other run has no alerts",)
    causes = [
        f"{label} {_format_value(getattr(alert, name))}, in the other run {', '.join(values)}"
        for name, label in VERSIONS.items()
        if _format_value(getattr(alert, name)) not in (values := _values(others, name))
    ]
    lowest = min(other.threshold for other in others)
    if alert.score < lowest:
        causes.append(f"its score {_format_value(alert.score)} is below that threshold")
    return tuple(causes) or (UNEXPLAINED,)


def _values(alerts: Iterable[Alert], name: str) -> list[str]:
    return sorted({_format_value(getattr(alert, name)) for alert in alerts})


def _same(one: object, other: object) -> bool:
    """Return whether two values are equal; NaN equals NaN."""
    return one == other or (one != one and other != other)  # noqa: PLR0124 - only NaN differs from itself


def _format_value(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return "+".join(map(str, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
