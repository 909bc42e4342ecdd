"""Verdict on a fault: comparison of everything sent with all output. No clock, no network."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from drills.live_job import WrittenRecord
from drills.load import SentItem, transactions_of
from drills.reference_comparison import Scored, Wrong, is_close, last_copies, wrong_features, wrong_ordinals
from fraudstream.domain.alert import alert_id
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import Transaction, TransactionKey
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.judge import Judge
from fraudstream.scoring.scorer import Scorer

MS_PER_S: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a drill observed during one fault; times are epoch milliseconds."""

    items: Sequence[SentItem]
    """Items that were put into the transaction stream, including duplicates and broken records."""
    first_try_ms: Mapping[TransactionKey, int]
    """Time of the producer's first attempt to put each transaction."""
    scored: Sequence[WrittenRecord]
    alerts: Sequence[WrittenRecord]
    """Records of the alert stream."""
    dead_letters: Sequence[WrittenRecord]
    began_ms: int
    ended_ms: int
    """Start and end of the fault itself; a kill ends at once."""
    handed_out: Sequence[WrittenRecord] | None = None
    """Alerts that the handler of the project's consumer received; None if no consumer is drilled."""

    @property
    def delivered(self) -> Sequence[WrittenRecord]:
        """Alerts at the end of the drilled pipeline: the consumer's handler, or else the alert stream."""
        return self.alerts if self.handed_out is None else self.handed_out

    @property
    def recovered(self) -> Sequence[WrittenRecord]:
        """Records that show that a transaction was processed: its scores, or its alerts with a consumer."""
        return self.scored if self.handed_out is None else self.handed_out


@dataclass(frozen=True, kw_only=True)
class ExpectedOutput:
    """Expected output: the job's catalogues in their order, and the model."""

    catalogues: Sequence[Catalogue]
    """The last catalogue has all features of those before it."""
    deciders: Mapping[str, Decider]
    """The model and its threshold for each catalogue's vectors, by the catalogue's version."""

    @classmethod
    def of(cls, scorers: Sequence[tuple[Catalogue, Scorer]]) -> "ExpectedOutput":
        """Return the expected output of a job that had these catalogues one after the other."""
        deciders = {catalogue.version: Decider(scorer, catalogue) for catalogue, scorer in scorers}
        return cls(catalogues=[catalogue for catalogue, _ in scorers], deciders=deciders)

    @property
    def judge(self) -> Judge:
        """The model's alert decision, which is the same for all catalogues."""
        return next(iter(self.deciders.values())).judge


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Cost of a fault: what was lost, wrong or duplicated, and the time to recover."""

    name: str
    sent: int
    """Records put into the stream, including duplicates and broken ones."""
    lost: int
    """Transactions without a score or, if the score reaches the threshold, without an alert; alerts that were
    not delivered; duplicates that were not recognised; broken records without a dead letter."""
    wrong: int
    """Transactions with a feature, an ordinal or a score that differs from the reference; output for records
    that were not sent; dead letters with the wrong reason."""
    alerts_doubled: int
    """Delivered alerts beyond the first of each id."""
    alerts_with_new_id: int
    """Alerts whose id does not belong to a transaction with a score that reached the threshold."""
    recovery_s: float
    """The longest wait for a score, or for an alert if a consumer is drilled. Counts transactions that were
    sent after the fault began or not processed by then; the time before the fault's end is not counted."""
    complaints: Sequence[str] = field(default=())
    """Descriptions of everything lost, wrong or alerted with a new id."""

    @property
    def is_survived(self) -> bool:
        """Whether nothing is lost or wrong and no alert has a new id."""
        return not (self.lost or self.wrong or self.alerts_with_new_id)

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
    """Return the verdict on the fault ``name``."""
    sound = transactions_of(evidence.items)
    records = [each.content for each in evidence.scored]
    letters = [DeadLetter.model_validate(each.content) for each in evidence.dead_letters]
    alerts = _with_score(evidence.alerts)
    delivered = _with_score(evidence.delivered)
    lost = [
        *_without_score(sound, records),
        *_without_alert(records, alerts, expected),
        *_not_delivered(
            [each.content for each in evidence.alerts], [each.content for each in evidence.delivered]
        ),
        *_unrecognised(evidence.items, records),
        *_without_letter(evidence.items, letters),
    ]
    wrong = [
        *_wrong_values(expected, sound, records),
        *_not_sent(sound, records),
        *_wrong_letters(evidence.items, letters),
        *_wrong_alerts(records, delivered),
    ]
    ids = Counter(alert["alert_id"] for alert in delivered)
    strangers = _with_new_id(records, delivered, expected)
    return Verdict(
        name=name,
        sent=len(evidence.items),
        lost=len(lost),
        wrong=len({each.about for each in wrong}),
        alerts_doubled=ids.total() - len(ids),
        alerts_with_new_id=len(strangers),
        recovery_s=recovery_s(evidence),
        complaints=[*lost, *map(_in_words, wrong), *strangers],
    )


def _with_score(alerts: Iterable[WrittenRecord]) -> list[dict[str, Any]]:
    """Return the alerts without those of the kind ``review``, which have no score to be wrong."""
    return [each.content for each in alerts if each.content.get("kind") != "review"]


def recovery_s(evidence: Evidence) -> float:
    """Return the longest wait that the fault can have caused, in seconds; see `Verdict.recovery_s`."""
    first_ms = _first_ms(evidence.recovered)
    waits_ms = [
        first_ms[id_] - max(tried_ms, evidence.ended_ms)
        for id_, tried_ms in evidence.first_try_ms.items()
        if id_ in first_ms and (tried_ms >= evidence.began_ms or first_ms[id_] >= evidence.began_ms)
    ]
    return max([0, *waits_ms]) / MS_PER_S


def _first_ms(records: Iterable[WrittenRecord]) -> dict[TransactionKey, int]:
    first_ms: dict[TransactionKey, int] = {}
    for record in records:
        # Null in an alert that sums up reviews of several transactions.
        if record.content["transaction_id"] is not None:
            first_ms.setdefault(TransactionKey.of(record.content), record.arrival_ms)
    return first_ms


# ---- lost ----


def _without_score(sound: Sequence[Transaction], records: Sequence[Scored]) -> list[str]:
    scored = last_copies(records).keys()
    keys = [each.key for each in sound]
    return [f"{key} has no score" for key in keys if key not in scored]


def _without_alert(
    records: Sequence[Scored], alerts: Sequence[dict[str, Any]], expected: ExpectedOutput
) -> list[str]:
    alerted = set(map(TransactionKey.of, alerts))
    return [
        f"{key} has a score of {record['score']} but no alert"
        for key, record in last_copies(records).items()
        if expected.judge.is_due(record["score"]) and key not in alerted
    ]


def _not_delivered(alerts: Sequence[dict[str, Any]], delivered: Sequence[dict[str, Any]]) -> list[str]:
    missing = {alert["alert_id"] for alert in alerts} - {alert["alert_id"] for alert in delivered}
    return [f"alert {id_} was not delivered" for id_ in sorted(missing)]


def _unrecognised(items: Sequence[SentItem], records: Sequence[Scored]) -> list[str]:
    sent = Counter(item.transaction.key for item in items if item.transaction)
    known = Counter(TransactionKey.of(record) for record in records if record["outcome"] == "duplicate")
    return [
        f"{key} was sent {count} times, but {known[key]} duplicates were recognised"
        for key, count in sent.items()
        if known[key] < count - 1
    ]


def _without_letter(items: Sequence[SentItem], letters: Sequence[DeadLetter]) -> list[str]:
    # Equal bytes that were sent twice have two dead letters with different identities.
    places: defaultdict[str, set[str | None]] = defaultdict(set)
    for letter in letters:
        places[letter.sha256].add(letter.identity)
    awaited = Counter(item.sha256 for item in items if item.reason)
    missing = {sha256: count - len(places[sha256]) for sha256, count in awaited.items()}
    return [
        f"a broken record ({sha256}) has no dead letter"
        for sha256, count in missing.items()
        for _ in range(count)
    ]


# ---- wrong ----


def _wrong_values(
    expected: ExpectedOutput, sound: Sequence[Transaction], records: Sequence[Scored]
) -> list[Wrong]:
    last = last_copies(records)
    known = [each for each in sound if each.key in last]
    copies = {each.key: last[each.key] for each in known}
    widest = expected.catalogues[-1]
    return [
        *wrong_features(widest, known, copies.values()),
        *_by_transaction(wrong_ordinals(widest, known, copies.values()), known),
        *_wrong_names(expected, copies),
        *_wrong_scores(expected, copies),
    ]


def _by_transaction(
    ordinals: Mapping[tuple[Any, str], list[int]], transactions: Sequence[Transaction]
) -> list[Wrong]:
    return [
        Wrong(each.key, f"ordinals of {entity} {id_}", found, "1, 2, 3, ...")
        for (entity, id_), found in ordinals.items()
        for each in transactions
        if getattr(each, entity) == id_
    ]


def _wrong_names(expected: ExpectedOutput, copies: Mapping[TransactionKey, Scored]) -> list[Wrong]:
    names = {catalogue.version: list(catalogue.names) for catalogue in expected.catalogues}
    return [
        Wrong(key, "features of the catalogue", list(copy["features"]), names.get(copy["catalogue_version"]))
        for key, copy in copies.items()
        if list(copy["features"]) != names.get(copy["catalogue_version"])
    ]


def _wrong_scores(expected: ExpectedOutput, copies: Mapping[TransactionKey, Scored]) -> list[Wrong]:
    """Return the scores that differ from the model's score of the same record's features."""
    wrong = []
    for catalogue in expected.catalogues:
        own = {key: copy for key, copy in copies.items() if copy["catalogue_version"] == catalogue.version}
        scores = expected.deciders[catalogue.version].scorer.score(_matrix(catalogue, list(own.values())))
        wrong += [
            Wrong(key, "score", copy["score"], score)
            for (key, copy), score in zip(own.items(), scores.tolist(), strict=True)
            if not is_close(copy["score"], score)
        ]
    return wrong


def _matrix(catalogue: Catalogue, copies: Sequence[Scored]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the features as the model's input, NaN for null; in a drill each feature is one number."""
    rows = [[copy["features"].get(name) for name in catalogue.names] for copy in copies]
    return np.array(rows, dtype=np.float64).reshape(len(copies), len(catalogue.names))


def _not_sent(sound: Sequence[Transaction], records: Sequence[Scored]) -> list[Wrong]:
    keys = {each.key for each in sound}
    return [
        Wrong(TransactionKey.of(record), "outcome", record["outcome"], "none, because it was not sent")
        for record in records
        if TransactionKey.of(record) not in keys
    ]


def _wrong_letters(items: Sequence[SentItem], letters: Sequence[DeadLetter]) -> list[Wrong]:
    reasons = {item.sha256: item.reason for item in items}
    return [
        Wrong(letter.sha256, "reason", letter.reason, reasons.get(letter.sha256))
        for letter in letters
        if letter.reason != reasons.get(letter.sha256)
    ]


def _wrong_alerts(records: Sequence[Scored], alerts: Sequence[dict[str, Any]]) -> list[Wrong]:
    """Return the alerts whose score matches no scored record of their transaction."""
    scores = _scores(records)
    return [
        Wrong(key, "score of the alert", alert["score"], sorted(scores[key]))
        for alert in alerts
        if alert["score"] not in scores[key := TransactionKey.of(alert)]
    ]


def _with_new_id(
    records: Sequence[Scored], alerts: Sequence[dict[str, Any]], expected: ExpectedOutput
) -> list[str]:
    expected_ids = {
        alert_id(key, expected.judge.model_digest)
        for key, scores in _scores(records).items()
        if expected.judge.is_due(max(scores))
    }
    return [
        f"alert {alert['alert_id']} of {TransactionKey.of(alert)} has an unexpected id"
        for alert in alerts
        if alert["alert_id"] not in expected_ids
    ]


def _scores(records: Iterable[Scored]) -> defaultdict[TransactionKey, set[float]]:
    scores: defaultdict[TransactionKey, set[float]] = defaultdict(set)
    for record in records:
        if record["outcome"] == "new":
            scores[TransactionKey.of(record)].add(record["score"])
    return scores


def _in_words(wrong: Wrong) -> str:
    return f"{wrong.about}: {wrong.feature} is {wrong.value}, expected {wrong.expected}"
