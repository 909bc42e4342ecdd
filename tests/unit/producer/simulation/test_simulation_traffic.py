from collections import Counter
from itertools import islice
from typing import Any

import pytest

from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType
from fraudstream.domain.transaction import Label, Transaction
from producer.simulation import (
    DEFAULT_FRAUD_MIX,
    LabelledTransaction,
    TrafficOptions,
    generate,
    simulated_span_ms,
)
from producer.simulation.rhythm import VIETNAM_OFFSET_MS

START_MS = 1_767_200_400_000  # 2026-01-01, 00:00 in Vietnam
OPTIONS = TrafficOptions(start_ms=START_MS)


def take(count: int, options: TrafficOptions = OPTIONS) -> list[LabelledTransaction]:
    return list(islice(generate(options), count))


@pytest.fixture(scope="module")
def ten_days() -> list[LabelledTransaction]:
    return take(100_000)


@pytest.fixture(scope="module")
def honest(ten_days: list[LabelledTransaction]) -> list[Transaction]:
    return [transaction for transaction, label in ten_days if not label.is_fraud]


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (
        [item.transaction.to_json() + item.label.to_json() for item in take(5_000)] for _ in "ab"
    )
    assert first == second


def test_another_seed_gives_other_transactions_accounts_and_ids() -> None:
    one = take(1_000)
    other = take(1_000, TrafficOptions(seed=8, start_ms=START_MS))
    for field in ("transaction_id", "account_id"):
        assert not {getattr(item.label, field) for item in one} & {
            getattr(item.label, field) for item in other
        }


def test_ids_are_the_seed_and_a_counter_in_stream_order() -> None:
    ids = [item.transaction.transaction_id for item in take(3_000)]
    assert ids == [f"T7-{number:010d}" for number in range(1, 3_001)]


def test_event_times_never_decrease_nor_precede_the_start(ten_days: list[LabelledTransaction]) -> None:
    times_ms = [item.transaction.event_time_ms for item in ten_days]
    assert times_ms == sorted(times_ms)
    assert times_ms[0] >= START_MS


def test_fraud_has_its_share_and_its_mix_by_transactions(ten_days: list[LabelledTransaction]) -> None:
    counts = Counter(label.fraud_type for _, label in ten_days if label.fraud_type)
    fraud = sum(counts.values())
    assert fraud / len(ten_days) == pytest.approx(0.05, rel=0.15)
    for fraud_type, share in DEFAULT_FRAUD_MIX.items():
        assert counts[fraud_type] / fraud == pytest.approx(share, abs=0.06), fraud_type


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_a_mix_of_one_class_generates_no_other(fraud_type: FraudType) -> None:
    options = TrafficOptions(start_ms=START_MS, fraud_mix={fraud_type: 1.0}, fraud_share=0.2)
    labels = [label for _, label in take(20_000, options)]
    assert {label.fraud_type for label in labels} == {None, fraud_type}
    assert sum(label.is_fraud for label in labels) / len(labels) == pytest.approx(0.2, rel=0.2)


def test_no_fraud_is_generated_if_its_share_is_zero() -> None:
    assert not any(
        item.label.is_fraud for item in take(5_000, TrafficOptions(start_ms=START_MS, fraud_share=0))
    )


@pytest.mark.parametrize("accounts", [1, 3, 50])
def test_a_few_accounts_generate_the_requested_traffic(accounts: int) -> None:
    options = TrafficOptions(start_ms=START_MS, accounts=accounts, transactions_per_account_per_day=50)
    span_ms = take(8_000, options)[-1].transaction.event_time_ms - START_MS
    assert span_ms == pytest.approx(simulated_span_ms(options, 8_000), rel=0.12)


def test_the_span_is_close_to_its_average(ten_days: list[LabelledTransaction]) -> None:
    span_ms = simulated_span_ms(OPTIONS, 100_000)
    assert ten_days[-1].transaction.event_time_ms - START_MS == pytest.approx(span_ms, rel=0.03)


def test_a_label_refers_to_its_transaction_and_arrives_after_the_delay(
    ten_days: list[LabelledTransaction],
) -> None:
    same = ("transaction_id", "account_id", "event_time_ms", "customer_id", "device_id", "merchant_id")
    for transaction, label in ten_days[:5_000]:
        assert [getattr(transaction, name) for name in same] == [getattr(label, name) for name in same]
        assert label.available_at_ms == transaction.event_time_ms + 7 * DAY_MS
        assert label.is_fraud == (label.fraud_type is not None)


def test_transactions_and_labels_survive_a_round_trip(ten_days: list[LabelledTransaction]) -> None:
    for transaction, label in ten_days[:3_000]:
        assert Transaction.from_json(transaction.to_json()) == transaction
        assert Label.from_json(label.to_json()) == label


def test_every_transaction_increments_the_count_of_its_account(
    ten_days: list[LabelledTransaction],
) -> None:
    last: dict[str, float] = {}
    for transaction, _ in ten_days:
        number = transaction.num_transactions
        assert number is not None
        assert number == last.get(transaction.account_id, number - 1) + 1
        last[transaction.account_id] = number


def test_ordinary_transactions_are_interleaved_with_campaigns(ten_days: list[LabelledTransaction]) -> None:
    by_account: dict[str, list[FraudType | None]] = {}
    for transaction, label in ten_days:
        by_account.setdefault(transaction.account_id, []).append(label.fraud_type)
    interrupted = sum(
        any(
            before and after and not between
            for before, between, after in zip(kinds, kinds[1:], kinds[2:], strict=False)
        )
        for kinds in by_account.values()
    )
    assert interrupted > 5


def test_the_population_keeps_its_requested_size(ten_days: list[LabelledTransaction]) -> None:
    last_three_days = {t.account_id for t, _ in ten_days if t.event_time_ms > START_MS + 7 * DAY_MS}
    assert 1_500 < len(last_three_days) < 2_600


def test_most_customers_sleep_at_night(honest: list[Transaction]) -> None:
    hours = Counter((transaction.event_time_ms + VIETNAM_OFFSET_MS) // HOUR_MS % 24 for transaction in honest)
    off_hours = sum(hours[hour] for hour in (22, 23, 0, 1, 2, 3)) / len(honest)
    assert 0.03 < off_hours < 0.15
    assert hours[3] < hours[12] / 5


def test_ordinary_fields_are_plausible(honest: list[Transaction]) -> None:
    for transaction in honest:
        assert transaction.transaction_amount_vnd >= 1_000
        assert transaction.transaction_amount_vnd == int(transaction.transaction_amount_vnd)
        assert 8 < (transaction.latitude or 10) < 23
        assert 102 < (transaction.longitude or 105) < 110
    assert 0.01 < sum(t.status == "declined" for t in honest) / len(honest) < 0.03
    assert sum(bool(t.npl_flag) for t in honest) / len(honest) < 0.03


@pytest.mark.parametrize(
    ("transaction_type", "absent"),
    [
        ("transfer", ("merchant_id", "merchant_category")),
        ("withdrawal", ("device_id", "biometric_failure_count", "merchant_id", "counterparty_id")),
        ("loan_repayment", ("device_id", "city", "latitude", "longitude", "merchant_id")),
        ("purchase", ("counterparty_id",)),
    ],
)
def test_fields_that_do_not_apply_to_a_kind_are_absent(
    honest: list[Transaction], transaction_type: str, absent: tuple[str, ...]
) -> None:
    found = [transaction for transaction in honest if transaction.transaction_type == transaction_type]
    assert len(found) > 100
    assert {getattr(transaction, field) for transaction in found for field in absent} == {None}


def test_honest_customers_sometimes_show_each_sign_of_fraud(honest: list[Transaction]) -> None:
    def count(name: str, low: int = 100, high: int = 5_000) -> None:
        found = sum(signs[name](transaction) for transaction in honest)
        assert low < found < high, (name, found)

    signs: dict[str, Any] = {
        "a house or tuition": lambda t: (
            t.transaction_amount_vnd >= 100e6 and t.transaction_type == "transfer"
        ),
        "a new phone": lambda t: (t.device_id or "").startswith("DEV_NEW_9"),
        "a failed try on a new phone": lambda t: (
            (t.device_id or "").startswith("DEV_NEW_9") and t.biometric_failure_count == 1
        ),
        "a large debt on a young account": lambda t: t.num_transactions < 50 and t.total_loans_vnd > 500e6,
        "a dear foreign payment": lambda t: (
            t.country != "VN" and t.transaction_fees_vnd > 0.1 * t.transaction_amount_vnd
        ),
        "three failed tries": lambda t: t.biometric_failure_count == 3,
    }
    for name in signs:
        count(name, low=50)


def test_honest_bursts_are_as_dense_as_rapid_fraud(honest: list[Transaction]) -> None:
    times_ms: dict[str, list[int]] = {}
    dense = 0
    for transaction in honest:
        times = times_ms.setdefault(transaction.account_id, [])
        times.append(transaction.event_time_ms)
        dense += len(times) > 12 and times[-1] - times[-13] < 300_000
    assert 100 < dense < 2_000


def test_a_negative_count_has_no_span() -> None:
    with pytest.raises(ValueError, match="count=-1: give 0 or more"):
        simulated_span_ms(OPTIONS, -1)
