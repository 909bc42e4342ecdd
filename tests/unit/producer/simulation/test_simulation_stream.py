import hashlib
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

import numpy as np
import pytest

from fraudstream.domain.arrays import Rows
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType
from fraudstream.domain.transaction import Label, Transaction
from producer.simulation import (
    DEFAULT_FRAUD_MIX,
    TrafficOptions,
    blocks,
    ending_at,
    generate,
    simulated_span_ms,
)
from producer.simulation.speed import measure

START_MS = 1_767_200_400_000  # 2026-01-01, 00:00 in Vietnam
OPTIONS = TrafficOptions(start_ms=START_MS)
ALL_EDGES = TrafficOptions(
    start_ms=START_MS + 1_234_567,
    accounts=300,
    declined_share=0.05,
    international_share=0.1,
    foreign_currency_share=0.1,
    extreme_share=0.05,
    missing_share=0.1,
    late_share=0.1,
    doubled_share=0.1,
)
DIGEST = "eb5d7de092e4433d7449f6b1e91ecc50c3e4f6afadb4f20b1105e3e30f1ffbbe"
"""SHA-256 of the first 30,000 records of ``ALL_EDGES``."""
Take = Callable[[int, TrafficOptions], Rows]


def first_bytes(count: int, options: TrafficOptions) -> list[bytes]:
    found: list[bytes] = []
    for block in blocks(options):
        found += block.records()
        if len(found) >= count:
            return found[:count]
    raise AssertionError


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert first_bytes(5_000, OPTIONS) == first_bytes(5_000, OPTIONS)


def test_the_bytes_equal_those_of_other_machines() -> None:
    """The digest comes from the author's machine; it changes whenever the traffic changes."""
    digest = hashlib.sha256(b"\n".join(first_bytes(30_000, ALL_EDGES))).hexdigest()
    assert digest == DIGEST, f"the default traffic changed; if meant, set DIGEST to {digest!r}"


def test_another_seed_gives_other_transactions_accounts_and_ids() -> None:
    one = list(islice(generate(OPTIONS), 1_000))
    other = list(islice(generate(TrafficOptions(seed=8, start_ms=START_MS)), 1_000))
    for field in ("transaction_id", "account_id"):
        assert not {getattr(item.label, field) for item in one} & {
            getattr(item.label, field) for item in other
        }
    assert [item.label.event_time_ms for item in one] != [item.label.event_time_ms for item in other]


@pytest.mark.parametrize("stretch_transactions", [500, 3_000, 30_000])
@pytest.mark.parametrize("options", [OPTIONS, ALL_EDGES], ids=["usual", "edges"])
def test_the_stream_does_not_depend_on_the_block_size(
    take: Take, options: TrafficOptions, stretch_transactions: int
) -> None:
    expected = take(20_000, options)
    parts: list[Rows] = []
    for block in blocks(options, stretch_transactions):
        parts.append(block.rows)
        if sum(map(len, parts)) >= 20_000:
            break
    assert np.array_equal(np.concatenate(parts)[:20_000], expected)


@pytest.mark.parametrize("options", [OPTIONS, ALL_EDGES], ids=["usual", "edges"])
def test_records_and_labels_are_the_bytes_of_the_objects(options: TrafficOptions) -> None:
    compared = 0
    for block in blocks(options):
        objects = list(block.transactions())
        assert [transaction.to_json() for transaction, _ in objects] == block.records()
        assert [label.to_json() for _, label in objects] == block.labels()
        compared += len(block)
        if compared > 3_000:
            return


def test_transactions_and_labels_survive_a_round_trip() -> None:
    for transaction, label in islice(generate(ALL_EDGES), 3_000):
        assert Transaction.from_json(transaction.to_json()) == transaction
        assert Label.from_json(label.to_json()) == label


def test_generate_returns_the_transactions_of_the_blocks_in_order() -> None:
    made = [item.transaction.to_json() for item in islice(generate(OPTIONS), 3_000)]
    assert made == first_bytes(3_000, OPTIONS)


def test_ids_are_the_seed_and_a_counter_in_stream_order() -> None:
    ids = [item.transaction.transaction_id for item in islice(generate(OPTIONS), 2_000)]
    assert ids == [f"T7-{number:010d}" for number in range(1, 2_001)]


@pytest.mark.parametrize("start_ms", [0, START_MS, START_MS + 1_234_567])
def test_event_times_never_decrease_nor_precede_the_start(take: Take, start_ms: int) -> None:
    times_ms = take(20_000, TrafficOptions(start_ms=start_ms))["time_ms"]
    assert (np.diff(times_ms) >= 0).all()
    assert times_ms[0] >= start_ms


def test_no_time_of_day_is_preferred(rows: Rows) -> None:
    """Whole seconds, minutes and hours are as frequent as any other time."""
    for period_ms in (1_000, 60_000, HOUR_MS):
        assert (rows["time_ms"] % period_ms == 0).sum() <= 2 * len(rows) / period_ms + 5


def test_a_label_refers_to_its_transaction_and_arrives_after_the_delay() -> None:
    same = ("transaction_id", "account_id", "event_time_ms", "customer_id", "device_id", "merchant_id")
    for transaction, label in islice(generate(OPTIONS), 3_000):
        assert [getattr(transaction, name) for name in same] == [getattr(label, name) for name in same]
        assert label.available_at_ms == transaction.event_time_ms + 7 * DAY_MS
        assert label.is_fraud == (label.fraud_type is not None)


def test_every_transaction_increments_the_count_of_its_account(rows: Rows) -> None:
    last: dict[int, int] = {}
    for account, made in zip(rows["account"].tolist(), rows["made"].tolist(), strict=True):
        assert made == last.get(account, made - 1) + 1
        last[account] = made


def test_fraud_has_its_share_and_its_mix_by_transactions(rows: Rows) -> None:
    fraud = rows["fraud"][rows["fraud"] >= 0]
    assert len(fraud) / len(rows) == pytest.approx(0.05, rel=0.08)
    for fraud_type, share in DEFAULT_FRAUD_MIX.items():
        observed = (fraud == FRAUD_TYPES.index(fraud_type)).mean()
        assert observed == pytest.approx(share, abs=0.03), fraud_type


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_a_mix_of_one_class_generates_no_other(take: Take, fraud_type: FraudType) -> None:
    options = TrafficOptions(start_ms=START_MS, fraud_mix={fraud_type: 1.0}, fraud_share=0.2)
    fraud = take(20_000, options)["fraud"]
    assert set(fraud.tolist()) == {-1, FRAUD_TYPES.index(fraud_type)}
    assert (fraud >= 0).mean() == pytest.approx(0.2, rel=0.15)


def test_no_fraud_is_generated_if_its_share_is_zero(take: Take) -> None:
    assert (take(20_000, TrafficOptions(start_ms=START_MS, fraud_share=0))["fraud"] == -1).all()


@pytest.mark.parametrize("accounts", [1, 3, 50])
def test_a_few_accounts_generate_the_requested_traffic(take: Take, accounts: int) -> None:
    options = TrafficOptions(start_ms=START_MS, accounts=accounts, transactions_per_account_per_day=50)
    span_ms = int(take(8_000, options)["time_ms"][-1]) - START_MS
    assert span_ms == pytest.approx(simulated_span_ms(options, 8_000), rel=0.12)


@pytest.mark.parametrize("count", [0, 1, 5_000, 100_000, 200_000])
def test_the_span_matches_the_traffic_including_night_and_pay_days(rows: Rows, count: int) -> None:
    span_ms = int(rows["time_ms"][count - 1]) - START_MS if count else 0
    assert simulated_span_ms(OPTIONS, count) == pytest.approx(span_ms, abs=3 * HOUR_MS)


@pytest.mark.parametrize("count", [1, 5_000, 50_000])
def test_traffic_with_a_requested_end_ends_near_it(take: Take, count: int) -> None:
    options = ending_at(OPTIONS, count, START_MS)
    assert int(take(count, options)["time_ms"][-1]) == pytest.approx(START_MS, abs=3 * HOUR_MS)


def test_a_start_before_1970_is_rejected() -> None:
    with pytest.raises(ValueError, match="start_ms=-"):
        ending_at(OPTIONS, 1_000_000, DAY_MS)


def test_a_negative_count_has_no_span() -> None:
    with pytest.raises(ValueError, match="count=-1: give 0 or more"):
        simulated_span_ms(OPTIONS, -1)


def test_the_population_keeps_its_requested_size(rows: Rows) -> None:
    late = rows["time_ms"] > rows["time_ms"][-1] - 3 * DAY_MS
    assert 1_500 < len(np.unique(rows["account"][late])) < 2_600


def test_memory_does_not_grow_with_the_stream() -> None:
    traffic = blocks(TrafficOptions(start_ms=START_MS, accounts=500, late_share=0.1, doubled_share=0.1))
    sizes = []
    tracemalloc.start()
    try:
        for number, block in enumerate(islice(traffic, 36)):
            del block
            if number >= 12:
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(sizes[12:]) < max(sizes[:12]) + 2_000_000


def test_the_speed_measurement_reports_the_generated_amount() -> None:
    assert "transactions of 100 accounts" in measure(1_000, 100)


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("seed", -1, "0 or more"),
        ("accounts", 0, "at least 1"),
        ("fraud_share", 1.0, "less than 1"),
        ("fraud_share", -0.1, "at least 0"),
        ("fraud_share", float("nan"), "at least 0"),
        ("fraud_mix", {"loan_fraud": 0.5}, "sum to 1"),
        ("fraud_mix", {"loan_fraud": 1.5, "money_laundering": -0.5}, "sum to 1"),
        ("fraud_mix", {"card_theft": 1.0}, "any of money_laundering, account_takeover"),
        ("transactions_per_account_per_day", 0, "more than 0"),
        ("start_ms", -1, "epoch milliseconds"),
        ("start_ms", 1_767_200_400_000_000, "epoch milliseconds"),
        ("label_delay", timedelta(days=-1), "0 or more"),
        ("latest", timedelta(0), "at most 24 hours"),
        ("latest", timedelta(hours=25), "at most 24 hours"),
        ("subtle_share", 1.5, "0 to 1"),
        ("missing_share", -0.5, "0 to 1"),
        ("doubled_share", float("nan"), "0 to 1"),
    ],
)
def test_unusable_options_are_rejected_with_field_value_and_fix(
    field: str, value: object, remedy: str
) -> None:
    values: dict[str, Any] = {"start_ms": START_MS, field: value}
    with pytest.raises(ValueError, match=remedy) as refusal:
        TrafficOptions(**values)
    assert str(refusal.value).startswith(f"{field}={value!r}: ")
