"""Review alerts, and the words that they have."""

import hashlib

import pytest

from fraudstream.domain.alert import OF_A_SCORE, Alert
from fraudstream.domain.review import OTHER, SENTENCES, review_alert
from fraudstream.domain.transaction import from_time_ms

REASONS = (
    *("malformed_json", "wrong_type", "missing_field", "invalid_time", "future_time", "invalid_amount"),
    *("invalid_value", "oversize", "late", "conflicting_duplicate", "scoring"),
)
"""The reasons for which the job refuses a transaction."""
SHA256 = hashlib.sha256(b"{}").hexdigest()
KNOWN = ("transaction_id", "account_id", "event_time", "transaction_amount_vnd")


def review(  # noqa: PLR0913 - the facts of an alert
    account: str = "A1",
    transaction: str = "T1",
    reason: str = "late",
    *,
    event_time_ms: int | None = 0,
    arrival_ms: int | None = 1_000,
    amount_vnd: float | None = 5.0,
    record_sha256: str = SHA256,
) -> Alert:
    return review_alert(
        account,
        transaction,
        reason,
        "25 h",
        event_time_ms=event_time_ms,
        arrival_ms=arrival_ms,
        transaction_amount_vnd=amount_vnd,
        record_sha256=record_sha256,
        model_version="v1",
        catalogue_version="abc",
    )


def test_a_review_has_no_score_and_what_is_known_of_the_transaction() -> None:
    alert = review()
    assert (alert.schema_version, alert.kind, alert.risk_level) == (2, "review", "review")
    assert [name for name in OF_A_SCORE if getattr(alert, name) is not None] == list(KNOWN)
    assert (alert.event_time, alert.arrival_time) == (from_time_ms(0), from_time_ms(1_000))
    assert alert.review is not None
    assert (alert.review.reason, alert.review.detail, alert.review.count) == ("late", "25 h", 1)


def test_what_is_not_known_is_null() -> None:
    alert = review(event_time_ms=None, arrival_ms=None, amount_vnd=None)
    assert (alert.event_time, alert.arrival_time, alert.transaction_amount_vnd) == (None, None, None)


def test_a_review_comes_back_from_json_as_it_was() -> None:
    for alert in (review(), review(event_time_ms=None, arrival_ms=None, amount_vnd=None)):
        assert Alert.from_json(alert.to_json()) == alert


def test_its_id_depends_on_account_transaction_reason_and_record_alone() -> None:
    assert review().alert_id == review(event_time_ms=7, arrival_ms=None, amount_vnd=None).alert_id
    others = [review("A2"), review(transaction="T2"), review(reason="scoring"), review("A1T", "1")]
    assert len({review().alert_id, *(each.alert_id for each in others)}) == 5


def test_a_second_conflict_with_other_contents_has_an_alert_of_its_own() -> None:
    ids = [
        review(reason="conflicting_duplicate", record_sha256=hashlib.sha256(record).hexdigest()).alert_id
        for record in (b'{"amount": 1}', b'{"amount": 2}', b'{"amount": 1}')
    ]
    assert ids[0] == ids[2] != ids[1]


def test_the_id_is_that_of_the_kernels_own_test() -> None:
    assert review().alert_id == "7519542552954507febc526f947e386b"


@pytest.mark.parametrize("reason", [*REASONS, "many_reviews", "many_accounts", OTHER])
def test_every_reason_has_a_sentence_of_its_own_in_both_languages(reason: str) -> None:
    for language in (0, 1):
        own = SENTENCES[reason][language]
        assert own.endswith(".")
        assert [name for name, words in SENTENCES.items() if words[language] == own] == [reason]


def test_a_reason_of_a_later_release_has_the_words_for_any() -> None:
    alert = review(reason="unheard_of")
    assert alert.review is not None
    assert alert.review.sentence_en == SENTENCES[OTHER].english
