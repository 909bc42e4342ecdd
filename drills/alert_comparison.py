"""Comparison of the alert stream, and of what the consumer's handler received, with the truth."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from drills.evidence import Evidence, ExpectedOutput, Finding
from drills.field_comparison import Between, FieldDifference, OneOf, differences, is_number
from drills.live_job import WrittenRecord
from drills.scored_comparison import ScoredComparison
from drills.truth import ExpectedRefusal, Truth
from drills.unrecorded_alerts import without_shared_windows
from fraudstream.domain.alert import Alert, stable_id
from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.review import SENTENCES, review_alert
from fraudstream.domain.transaction import TransactionKey, format_time

MANY_REVIEWS: Final = "many_reviews"
MANY_ACCOUNTS: Final = "many_accounts"
MAX_SUMMARIES: Final = 100
"""More summaries than an account has in one minute."""
LEFT_OUT: Final = ("overflowing_features", "reasons", "reasons_missing", "model_digest")
DEFAULTS: Final = {name: Alert.model_fields[name].default for name in LEFT_OUT}
"""Fields that a review alert may leave out: they are about a score."""


class AlertComparison:
    """The alerts of a run; ``scored`` says which scores are due one."""

    def __init__(
        self, truth: Truth, expected: ExpectedOutput, evidence: Evidence, scored: ScoredComparison
    ) -> None:
        self._truth = truth
        self._expected = expected
        self._evidence = evidence
        self._scored = scored
        self._due = scored.alerts()
        self._due_ids = {alert.alert_id for alerts in self._due.values() for alert in alerts}
        is_review = {True: [], False: []}  # type: dict[bool, list[WrittenRecord]]
        for record in evidence.alerts:
            is_review[record.content.get("kind") == "review"].append(record)
        self._reviews, self._alerts = is_review[True], is_review[False]
        by_time = sorted(self._alerts, key=lambda record: record.arrival_ms)
        self._newest = {TransactionKey.of(record.content): record for record in by_time}

    def findings(self) -> Iterator[Finding]:
        """Yield what is lost, wrong or has a new id."""
        yield from self._lost()
        for record in self._alerts:
            yield from self._wrong_alert(record)
        yield from self._repeated()
        yield from ReviewComparison(self._truth, self._expected, self._evidence, self._reviews).findings()
        if self._evidence.handed_out is not None:
            yield from _wrong_deliveries(self._evidence.alerts, self._evidence.handed_out)

    def _lost(self) -> Iterator[Finding]:
        alerted = {TransactionKey.of(record.content) for record in self._alerts}
        for key in self._due:
            if key not in alerted and self._scored.is_due(key):
                score = self._scored.copies[key][-1].content.get("score")
                yield Finding("lost", key, f"{key} has a score of {score} but no alert")

    def _wrong_alert(self, record: WrittenRecord) -> Iterator[Finding]:
        key, id_ = TransactionKey.of(record.content), record.content.get("alert_id")
        candidates = [self._content(alert, record) for alert in self._due.get(key, ())]
        if self._may_be_unrecorded(key, record):
            candidates.extend(self._unrecorded(key, record))
        is_known = id_ in self._due_ids.union(each["alert_id"] for each in candidates)
        if not is_known:
            yield Finding("new_id", key, f"alert {id_} of {key} has an unexpected id")
        if not candidates:
            if is_known:
                yield Finding("wrong", key, f"alert {id_} is about {key}, which has no score that is due one")
            return
        # The differences from the record that it comes from, if there is one.
        found = min((list(differences(record.content, each)) for each in candidates), key=len)
        for each in found:
            if each.path != "alert_id" or is_known:
                yield Finding("wrong", key, _in_words(f"alert of {key}", each))

    def _may_be_unrecorded(self, key: TransactionKey, record: WrittenRecord) -> bool:
        """Whether a killed job may have written an alert without the record of its score.

        The job that wrote the last record of the transaction wrote the last alert, too, if one was due.
        """
        is_scored = key in self._truth.accepted and key in self._scored.copies
        is_last = self._newest[key] is record and is_scored and self._scored.is_due(key)
        return self._evidence.may_repeat and is_scored and not is_last

    def _unrecorded(self, key: TransactionKey, record: WrittenRecord) -> Iterator[dict[str, Any]]:
        """Yield the alert without what depends on the windows of shared entities."""
        known = self._scored.known_features(key, record.content.get("catalogue_version"))
        for alert in self._due.get(key, ())[:1]:
            yield self._content(alert, record) | without_shared_windows(alert, record.content, known)

    def _content(self, alert: Alert, record: WrittenRecord) -> dict[str, Any]:
        """Return the alert as the job should have written it; it takes the time of scoring from its clock."""
        content: dict[str, Any] = json.loads(alert.to_json())
        arrival_ms = self._truth.accepted[TransactionKey.of(content)].arrival.arrival_ms
        skew_ms = self._evidence.skew_ms
        return content | {"scored_at": Between(arrival_ms - skew_ms, record.arrival_ms + skew_ms)}

    def _repeated(self) -> Iterator[Finding]:
        if self._evidence.may_repeat:
            return
        counts = Counter(record.content.get("alert_id") for record in self._alerts)
        for id_, count in counts.items():
            if count > 1:
                yield Finding("wrong", f"alert {id_}", f"alert {id_} was written {count} times")


class ReviewComparison:
    """The review alerts of a run: one for each refused record with ids, or a summary that counts it."""

    def __init__(
        self,
        truth: Truth,
        expected: ExpectedOutput,
        evidence: Evidence,
        reviews: Sequence[WrittenRecord],
    ) -> None:
        self._expected = expected
        self._may_repeat = evidence.may_repeat
        self._due = [each for each in truth.refusals if each.salvaged.has_ids]
        self._own = [each.content for each in reviews if each.content.get("transaction_id") is not None]
        self._summaries = [each.content for each in reviews if each.content.get("transaction_id") is None]

    def findings(self) -> Iterator[Finding]:
        """Yield what is lost or wrong."""
        due: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for refusal in self._due:
            content = self._content(refusal)
            due[content["alert_id"]].append(content)
        for alert in self._own:
            yield from _wrong_record(alert, due.get(str(alert.get("alert_id")), ()), "review alert")
        written = Counter(str(alert.get("alert_id")) for alert in self._own)
        wanted = Counter({id_: len(contents) for id_, contents in due.items()})
        if not self._may_repeat:
            for id_ in written - wanted:
                yield Finding("wrong", id_, f"review alert {id_} was written {written[id_]} times")
        missing: Counter[str] = Counter()
        for id_, count in (wanted - written).items():
            missing[due[id_][0]["review"]["reason"]] += count
        yield from self._wrong_summaries(missing)

    def _content(self, refusal: ExpectedRefusal) -> dict[str, Any]:
        known = refusal.salvaged
        alert = review_alert(
            known.account_id or "",
            known.transaction_id or "",
            refusal.reason,
            "",
            event_time_ms=known.event_time_ms,
            arrival_ms=refusal.arrival.arrival_ms,
            transaction_amount_vnd=known.transaction_amount_vnd,
            record_sha256=refusal.arrival.item.sha256,
            model_version=self._expected.judge.model_version,
            catalogue_version="",
        )
        content: dict[str, Any] = json.loads(alert.to_json())
        content["review"]["detail"] = refusal.detail
        return content | {"catalogue_version": OneOf(tuple(self._expected.deciders))}

    def _wrong_summaries(self, missing: Counter[str]) -> Iterator[Finding]:
        counted: Counter[str] = Counter()
        for summary in self._summaries:
            review = summary.get("review")
            reasons = review.get("reasons") if isinstance(review, dict) else None
            if not isinstance(reasons, dict) or not all(map(is_number, reasons.values())):
                yield Finding("wrong", str(summary.get("alert_id")), f"the summary {summary} counts nothing")
                continue
            counted.update(reasons)
            candidates = list(self._possible(summary, reasons))
            yield from _wrong_record(summary, candidates, "summary of reviews")
        for reason, count in (missing - counted).items():
            yield from (
                Finding(
                    "lost", f"review {reason} {number}", f"a refused record ({reason}) has no review alert"
                )
                for number in range(count)
            )
        for reason, count in (counted - missing).items():
            if not self._may_repeat:
                text = f"the summaries of reviews count {count} {reason} too many"
                yield Finding("wrong", f"summaries of {reason}", text)

    def _possible(self, summary: Mapping[str, Any], reasons: Mapping[str, int]) -> Iterator[dict[str, Any]]:
        """Yield the right summaries with these counts and with the id of this one."""
        words = ", ".join(f"{reasons[reason]} {reason}" for reason in sorted(reasons))
        rest = f"besides those with an alert of their own: {words}; see the dead letters"
        for refusal in self._due:
            account, transaction = refusal.salvaged.account_id or "", refusal.salvaged.transaction_id or ""
            if reasons.get(refusal.reason, 0) < 1:
                continue
            if summary.get("account_id") is None:
                arrival = refusal.arrival
                first = (account, transaction, refusal.reason, arrival.item.sha256, str(arrival.arrival_ms))
                id_ = stable_id("fraudstream reviews of task", *first, words)
                if id_ == summary.get("alert_id"):
                    text = f"of many accounts, the first {account}, {rest}"
                    yield self._summary(id_, None, MANY_ACCOUNTS, text, reasons)
            elif summary.get("account_id") == account:
                yield from self._of_account(summary, refusal, rest, reasons)

    def _of_account(
        self, summary: Mapping[str, Any], refusal: ExpectedRefusal, rest: str, reasons: Mapping[str, int]
    ) -> Iterator[dict[str, Any]]:
        account, transaction = refusal.salvaged.account_id or "", refusal.salvaged.transaction_id or ""
        arrived_ms = {each.arrival.arrival_ms for each in self._due if each.salvaged.account_id == account}
        for minute_ms in {each // MINUTE_MS * MINUTE_MS for each in arrived_ms}:
            for part in range(1, MAX_SUMMARIES):
                texts = (account, transaction, refusal.reason, str(minute_ms), str(part))
                id_ = stable_id("fraudstream reviews of account", *texts)
                if id_ == summary.get("alert_id"):
                    text = f"in the minute from {format_time(minute_ms)}, {rest}"
                    yield self._summary(id_, account, MANY_REVIEWS, text, reasons)

    def _summary(
        self, id_: str, account: str | None, reason: str, detail: str, reasons: Mapping[str, int]
    ) -> dict[str, Any]:
        alert = review_alert(
            "",
            "",
            reason,
            detail,
            event_time_ms=None,
            arrival_ms=None,
            transaction_amount_vnd=None,
            record_sha256="",
            model_version=self._expected.judge.model_version,
            catalogue_version="",
        )
        content: dict[str, Any] = json.loads(alert.to_json())
        words = SENTENCES[reason]
        content["review"] |= {
            "sentence_en": words.english,
            "sentence_vi": words.vietnamese,
            "count": sum(reasons.values()),
            "reasons": dict(reasons),
        }
        return content | {
            "alert_id": id_,
            "account_id": account,
            "transaction_id": None,
            "catalogue_version": OneOf(tuple(self._expected.deciders)),
        }


def _wrong_record(
    alert: Mapping[str, Any], candidates: Iterable[Mapping[str, Any]], name: str
) -> Iterator[Finding]:
    about = str(alert.get("alert_id"))
    with_defaults = json.loads(json.dumps(DEFAULTS)) | dict(alert)
    found = [list(differences(with_defaults, each)) for each in candidates]
    if not found:
        yield Finding("wrong", about, f"{name} {about} is about no refused record: {alert}")
        return
    for each in min(found, key=len):
        yield Finding("wrong", about, _in_words(f"{name} {about}", each))


def _wrong_deliveries(
    alerts: Iterable[WrittenRecord], delivered: Iterable[WrittenRecord]
) -> Iterator[Finding]:
    """Yield the alerts that the handler did not receive exactly once, and just as the stream has them."""
    written: defaultdict[str, list[Any]] = defaultdict(list)
    for record in alerts:
        written[str(record.content.get("alert_id"))].append(record.content)
    received = Counter(str(record.content.get("alert_id")) for record in delivered)
    for id_ in sorted(written.keys() - received.keys()):
        yield Finding("lost", id_, f"alert {id_} was not delivered")
    for id_, count in received.items():
        if count > 1:
            yield Finding("wrong", f"delivery {id_}", f"alert {id_} was delivered {count} times")
    for record in delivered:
        id_ = str(record.content.get("alert_id"))
        if id_ not in written:
            yield Finding("new_id", id_, f"alert {id_} was delivered, but the stream does not have it")
        if record.content not in written[id_]:
            yield Finding("wrong", f"body {id_}", f"the body of alert {id_} is not that of the stream")


def _in_words(subject: str, difference: FieldDifference) -> str:
    return f"{subject}: {difference.path} is {difference.value}, expected {difference.expected}"
