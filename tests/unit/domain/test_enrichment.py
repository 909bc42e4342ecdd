"""Fields that a sender can add to transactions."""

from datetime import datetime
from typing import Any

import pytest

from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.enrichment import ENRICHED_FIELDS, MAX_PER_ACCOUNT, TransactionEnricher
from fraudstream.domain.patterns import fraud_patterns
from fraudstream.domain.reference import evaluate
from fraudstream.domain.transaction import COLUMN_KINDS
from tests.unit.domain.timeline import NO_LIMIT_MS, tx

MINUTE_MS = 60_000


def frequency(enricher: TransactionEnricher, time_ms: int, account_id: str = "A") -> Any:  # noqa: ANN401 - a JSON value
    return enricher.enrich(tx(time_ms, account_id=account_id))["transaction_frequency_5min"]


def own(field: str, **fields: Any) -> Any:  # noqa: ANN401 - any field, a JSON value
    return TransactionEnricher().enrich(tx(fields.pop("time_ms", 0), **fields))[field]


def test_an_enriched_transaction_has_the_six_fields_as_json_numbers_and_booleans() -> None:
    fields = TransactionEnricher().enrich(tx(0, device_id="DEV_1", biometric_failure_count=0))
    assert fields == {
        "transaction_frequency_5min": 1,
        "transaction_hour": 7,
        "high_amount_flag": False,
        "off_hours_flag": False,
        "high_frequency_flag": False,
        "suspicious_device_flag": False,
    }
    assert tuple(fields) == ENRICHED_FIELDS
    assert [type(value) for value in fields.values()] == [int, int, bool, bool, bool, bool]


def test_the_frequency_counts_the_account_in_the_five_minutes_that_end_at_the_transaction() -> None:
    enricher = TransactionEnricher()
    assert [frequency(enricher, time_ms) for time_ms in (0, 1, 5 * MINUTE_MS - 1, 5 * MINUTE_MS)] == [
        1,
        2,
        3,
        3,
    ]


def test_accounts_are_counted_apart() -> None:
    enricher = TransactionEnricher()
    assert [frequency(enricher, 0, account_id) for account_id in ("A", "B", "A")] == [1, 1, 2]


def test_a_transaction_that_arrives_late_counts_as_of_its_own_time() -> None:
    enricher = TransactionEnricher()
    assert [frequency(enricher, minute * MINUTE_MS) for minute in (0, 6, 3)] == [1, 1, 2]
    assert frequency(enricher, 6 * MINUTE_MS) == 3


@pytest.mark.parametrize(("amount_vnd", "is_high"), [(300_000_000.0, False), (300_000_000.01, True)])
def test_an_amount_above_300_million_is_high(amount_vnd: float, *, is_high: bool) -> None:
    assert own("high_amount_flag", transaction_amount_vnd=amount_vnd) is is_high


@pytest.mark.parametrize(
    ("hour", "is_off"), [(21, False), (22, True), (23, True), (0, True), (1, True), (3, True), (4, False)]
)
def test_off_hours_are_22_23_24_1_2_and_3_in_vietnam(hour: int, *, is_off: bool) -> None:
    time_ms = round(datetime.fromisoformat(f"2026-01-05T{hour:02}:00:00+07:00").timestamp() * 1000)
    assert own("transaction_hour", time_ms=time_ms) == hour
    assert own("off_hours_flag", time_ms=time_ms) is is_off


def test_the_frequency_is_high_from_the_16th_transaction_on() -> None:
    enricher = TransactionEnricher()
    flags = [enricher.enrich(tx(time_ms))["high_frequency_flag"] for time_ms in range(16)]
    assert flags == [False] * 15 + [True]


@pytest.mark.parametrize(
    ("device_id", "failures", "is_suspicious"),
    [
        ("DEV_NEW_9001", 0, True),
        ("DEV_1", 3, True),
        ("DEV_NEW_8001", 2, False),
        (None, 3, True),
        (None, 2, None),
        ("DEV_1", None, None),
    ],
)
def test_a_new_device_and_three_biometric_failures_are_suspicious_and_unknown_ones_are_null(
    device_id: str | None, failures: float | None, *, is_suspicious: bool | None
) -> None:
    found = own("suspicious_device_flag", device_id=device_id, biometric_failure_count=failures)
    assert found is is_suspicious


def test_the_signals_are_those_that_the_job_would_compute_and_cover_every_fraud_pattern() -> None:
    transactions = [
        tx(n * 17_000, f"t{n}", transaction_amount_vnd=1e8 * (n % 5 + 1), device_id=f"DEV_NEW_{n}")
        for n in range(40)
    ]
    enricher = TransactionEnricher()
    signals = [enricher.signals(each) for each in transactions]
    expected = evaluate(Catalogue.load(None), transactions, allowed_lateness_ms=NO_LIMIT_MS)
    assert [
        {name: each.features[name] for name in found} for found, each in zip(signals, expected, strict=True)
    ] == signals
    assert {sign for pattern in fraud_patterns() for sign in pattern.signs} <= set(signals[0])


def test_the_account_that_was_quiet_for_longest_is_forgotten_first() -> None:
    enricher = TransactionEnricher(max_accounts=2)
    for account_id in ("A", "B", "A", "C"):
        frequency(enricher, 0, account_id)
    assert len(enricher) == 2
    assert frequency(enricher, 0, "A") == 3
    assert frequency(enricher, 0, "B") == 1


def test_one_account_keeps_a_bounded_number_of_transactions() -> None:
    enricher = TransactionEnricher()
    counts = [frequency(enricher, time_ms) for time_ms in range(MAX_PER_ACCOUNT + 10)]
    assert max(counts) == counts[-1] == MAX_PER_ACCOUNT + 1


def test_an_enricher_needs_room_for_an_account() -> None:
    with pytest.raises(ValueError, match="max_accounts=0: give at least 1"):
        TransactionEnricher(max_accounts=0)


def test_no_enriched_field_is_a_field_that_the_job_reads() -> None:
    assert not set(ENRICHED_FIELDS) & set(COLUMN_KINDS)
