"""What differs between the alerts of two runs, and why. Pure."""

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
"""What an alert says beside score, versions and features; when it was scored and arrived is left out."""
UNEXPLAINED: Final = (
    "same model, catalogue and threshold: the other run did not get its transaction, or saw other features"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One transaction that the two runs judged differently; a score is None where there was no alert.

    ``new``: only the second run alerted; ``gone``: only the first; ``score``: both, with another score;
    ``other``: both, with the same score and something else that differs. ``why`` has a line for each cause.
    """

    transaction_id: str
    kind: Kind
    score_before: float | None
    score_after: float | None
    why: tuple[str, ...]


def differences(before: Mapping[str, Alert], after: Mapping[str, Alert]) -> Iterator[Difference]:
    """Compare alerts by ``transaction_id``, which both mappings have as their keys.

    Alert ids do not do for it: they differ whenever the model does. Yields in the order of the first run,
    then what is new in that of the second.
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
    """Return what differs: versions first, then features, then the rest; the score itself if nothing else."""
    versions = _changes(before, after, VERSIONS)
    features = _feature_changes(before.features, after.features)
    facts = _changes(before, after, {name: name for name in FACTS})
    found = (*versions, *features, *facts, *_identity_changes(before, after))
    if not found and not _same(before.score, after.score):
        found = ("a feature that alerts do not show: compare both runs with diff-features",)
    return (*found, *_reason_changes(before, after))


def _changes(before: Alert, after: Alert, labels: Mapping[str, str]) -> Iterator[str]:
    for name, label in labels.items():
        old, new = getattr(before, name), getattr(after, name)
        if not _same(old, new):
            yield f"{label} {_shown(old)} → {_shown(new)}"


def _feature_changes(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            yield f"{name} only in one"
        elif not _same(before[name], after[name]):
            yield f"{name} {_shown(before[name])} → {_shown(after[name])}"


def _identity_changes(before: Alert, after: Alert) -> Iterator[str]:
    """Yield that the ids differ, unless the models do, of which that follows."""
    if before.model_version == after.model_version:
        yield from _changes(before, after, {"alert_id": "alert_id"})


def _reason_changes(before: Alert, after: Alert) -> Iterator[str]:
    if (before.reasons, before.reasons_missing) == (after.reasons, after.reasons_missing):
        return
    old, new = _reasons(before), _reasons(after)
    yield f"reasons {old} → {new}" if old != new else "reasons of the same features say something else"


def _reasons(alert: Alert) -> str:
    return "+".join(reason.feature for reason in alert.reasons) or alert.reasons_missing or "none"


def _absence(alert: Alert, others: Collection[Alert]) -> tuple[str, ...]:
    """Say why the other run has no alert for this transaction, as far as its other alerts tell."""
    if not others:
        return ("the other run has no alerts at all",)
    causes = [
        f"{label} {_shown(getattr(alert, name))}, in the other run {', '.join(values)}"
        for name, label in VERSIONS.items()
        if _shown(getattr(alert, name)) not in (values := _values(others, name))
    ]
    lowest = min(other.threshold for other in others)
    if alert.score < lowest:
        causes.append(f"its score {_shown(alert.score)} is below that threshold")
    return tuple(causes) or (UNEXPLAINED,)


def _values(alerts: Iterable[Alert], name: str) -> list[str]:
    return sorted({_shown(getattr(alert, name)) for alert in alerts})


def _same(one: object, other: object) -> bool:
    """Tell whether two values are equal; NaN is equal to NaN."""
    return one == other or (one != one and other != other)  # noqa: PLR0124 - only NaN differs from itself


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return "+".join(map(str, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
