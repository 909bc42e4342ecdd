"""Comparison of the alerts of two runs, with the causes of each difference. Pure: no I/O, no clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fraudstream.domain.alert import Alert
from fraudstream.domain.transaction import TransactionKey

Kind = Literal["new", "gone", "score", "other"]

VERSIONS: Final = {"model_version": "model", "catalogue_version": "catalogue", "threshold": "threshold"}
SHOWN_DIGITS: Final = 12
"""Digits of a model's digest that are shown."""
FACTS: Final = (
    "event_time",
    "transaction_amount_vnd",
    "risk_level",
    "likely_fraud_type",
    "flags",
    "overflowing_features",
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

    transaction: TransactionKey
    kind: Kind
    score_before: float | None
    score_after: float | None
    why: tuple[str, ...]


def differences(
    before: Mapping[TransactionKey, Alert], after: Mapping[TransactionKey, Alert]
) -> Iterator[Difference]:
    """Compare two runs' alerts of the kind ``score``, both keyed by their transactions.

    Alert ids are unsuitable as keys because they change with the model. Yields the differences in
    the order of the first run, then the new alerts in the order of the second.
    """
    for transaction, alert in before.items():
        other = after.get(transaction)
        if other is None:
            yield Difference(transaction, "gone", alert.score, None, _absence(alert, after.values()))
        elif causes := _causes(alert, other):
            kind: Kind = "other" if _same(alert.score, other.score) else "score"
            yield Difference(transaction, kind, alert.score, other.score, causes)
    for transaction, alert in after.items():
        if transaction not in before:
            yield Difference(transaction, "new", None, alert.score, _absence(alert, before.values()))


@dataclass(frozen=True, slots=True)
class ReviewsCompared:
    """Number of review alerts that both runs have, and ids of those that only one has."""

    same: int
    new: tuple[str, ...]
    gone: tuple[str, ...]


def compare_reviews(before: Collection[str], after: Collection[str]) -> ReviewsCompared:
    """Compare the ids of two runs' review alerts, which depend on account, transaction and reason."""
    kept = dict.fromkeys(before).keys() & dict.fromkeys(after).keys()
    return ReviewsCompared(
        same=len(kept),
        new=tuple(id_ for id_ in dict.fromkeys(after) if id_ not in kept),
        gone=tuple(id_ for id_ in dict.fromkeys(before) if id_ not in kept),
    )


def _causes(before: Alert, after: Alert) -> tuple[str, ...]:
    """Return the differences: versions, then features, other fields and reasons.

    If only the score differs, the cause is a feature that alerts do not carry.
    """
    versions = (*_changes(before, after, VERSIONS), *_content_changes(before, after))
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


def _content_changes(before: Alert, after: Alert) -> Iterator[str]:
    """Yield a change of the model under the same version; alerts of schema version 1 have no digest."""
    old, new = before.model_digest, after.model_digest
    if before.model_version == after.model_version and old is not None and new is not None and old != new:
        yield f"contents of model {before.model_version} {old[:SHOWN_DIGITS]} → {new[:SHOWN_DIGITS]}"


def _feature_changes(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            yield f"{name} only in one run"
        elif not _same(before[name], after[name]):
            yield f"{name} {_format_value(before[name])} → {_format_value(after[name])}"


def _identity_changes(before: Alert, after: Alert) -> Iterator[str]:
    """Yield a difference of alert ids. Different models or schemas imply different ids and are skipped."""
    same = ("model_version", "model_digest", "schema_version")
    if all(getattr(before, name) == getattr(after, name) for name in same):
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
    thresholds = [other.threshold for other in others if other.threshold is not None]
    if alert.score is not None and thresholds and alert.score < min(thresholds):
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
