"""Features of the transaction alone."""

from datetime import datetime
from typing import Any

import pytest

from fraudstream.domain.reference import Value
from fraudstream.domain.transaction import Transaction
from tests.unit.domain.timeline import last, row, tx


def own(transaction: Transaction, statistic: str, **operands: Any) -> Value:  # noqa: ANN401 - checked by the model
    return last(row(statistic, **operands), transaction)


# Vietnam is seven hours ahead of UTC; 2026-01-03 is a Saturday there and everywhere.
@pytest.mark.parametrize(
    ("vietnam", "hour", "off_hours", "weekend"),
    [
        ("2026-01-02T21:59:59.999", 21, 0, 0),
        ("2026-01-02T22:00:00.000", 22, 1, 0),
        ("2026-01-02T23:59:59.999", 23, 1, 0),
        ("2026-01-03T00:00:00.000", 0, 1, 1),
        ("2026-01-03T03:59:59.999", 3, 1, 1),
        ("2026-01-03T04:00:00.000", 4, 0, 1),
        ("2026-01-04T23:59:59.999", 23, 1, 1),
        ("2026-01-05T00:00:00.000", 0, 1, 0),
        ("2026-01-05T12:00:00.000", 12, 0, 0),
        ("1969-12-31T23:59:59.999", 23, 1, 0),
        ("1969-12-28T00:00:00.000", 0, 1, 1),
    ],
)
def test_hour_and_weekend_use_vietnam_time(vietnam: str, hour: int, off_hours: int, weekend: int) -> None:
    time_ms = round(datetime.fromisoformat(vietnam + "+07:00").timestamp() * 1000)
    assert own(tx(time_ms), "hour") == hour
    assert own(tx(time_ms), "hour_between", from_hour=22, to_hour=4) == off_hours
    assert own(tx(time_ms), "weekend") == weekend


@pytest.mark.parametrize(
    ("from_hour", "to_hour", "inside"),
    [(7, 8, 1), (8, 9, 0), (6, 7, 0), (7, 7, 0), (0, 24, 1), (8, 7, 0), (22, 8, 1)],
)
def test_an_hour_range_may_span_midnight(from_hour: int, to_hour: int, inside: int) -> None:
    # The epoch was seven o'clock in Vietnam.
    assert own(tx(0), "hour_between", from_hour=from_hour, to_hour=to_hour) == inside


@pytest.mark.parametrize(
    ("loans", "above", "at_least", "at_most"),
    [(2.9, 0, 0, 1), (3.0, 0, 1, 1), (3.1, 1, 1, 0), (-3.0, 0, 0, 1), (None, None, None, None)],
)
def test_above_excludes_the_threshold_and_at_least_and_at_most_include_it(
    loans: float | None, above: float | None, at_least: float | None, at_most: float | None
) -> None:
    transaction = tx(0, total_loans_vnd=loans)
    itself = row("value", "loans", column="total_loans_vnd")
    for statistic, expected in {"above": above, "at_least": at_least, "at_most": at_most}.items():
        assert own(transaction, statistic, column="total_loans_vnd", threshold=3) == expected
        assert last([itself, row(statistic, of=("loans",), threshold=3)], transaction) == expected


@pytest.mark.parametrize(
    ("loans", "expected"),
    [(-0.1, 0), (0.0, 1), (-0.0, 1), (2.9, 1), (3.0, 0), (3.1, 0), (None, None)],
)
def test_between_includes_low_and_excludes_high(loans: float | None, expected: float | None) -> None:
    transaction = tx(0, total_loans_vnd=loans)
    assert own(transaction, "between", column="total_loans_vnd", low=0, high=3) == expected


@pytest.mark.parametrize(
    ("fees", "loans", "ratio"),
    [
        (1.0, 4.0, 0.25),
        (-1.0, 4.0, -0.25),
        (0.0, 4.0, 0.0),
        (1.0, 0.0, None),
        (1.0, -0.0, None),
        (1.0, None, None),
        (None, 4.0, None),
        (None, None, None),
    ],
)
def test_a_ratio_with_zero_or_null_is_null(
    fees: float | None, loans: float | None, ratio: float | None
) -> None:
    transaction = tx(0, transaction_fees_vnd=fees, total_loans_vnd=loans)
    assert own(transaction, "ratio", column="transaction_fees_vnd", denominator="total_loans_vnd") == ratio


@pytest.mark.parametrize(
    ("device", "expected"),
    [("DEV_NEW_9", 1), ("DEV_NEW_91", 1), ("DEV_NEW_8", 0), ("xDEV_NEW_9", 0), ("", 0), (None, None)],
)
def test_starts_with(device: str | None, expected: float | None) -> None:
    assert own(tx(0, device_id=device), "starts_with", column="device_id", prefix="DEV_NEW_9") == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("declined", 1), ("Declined", 0), ("declined ", 0), ("", 0), ("completed", 0), (None, None)],
)
def test_equals_compares_exactly(status: str | None, expected: float | None) -> None:
    assert own(tx(0, status=status), "equals", column="status", text="declined") == expected


def test_an_empty_text_is_a_regular_text() -> None:
    assert own(tx(0, status=""), "equals", column="status", text="") == 1
    assert own(tx(0, status=None), "equals", column="status", text="") is None
    assert own(tx(0, status=""), "code", column="status", values=("a", "")) == 2


@pytest.mark.parametrize(
    ("channel", "expected"), [("atm", 1), ("mobile", 2), ("pos", 3), ("ATM", 3), ("", 3), (None, None)]
)
def test_a_code_is_the_position_in_the_list_and_one_extra_for_other_texts(
    channel: str | None, expected: float | None
) -> None:
    transaction = tx(0, channel=channel)
    assert own(transaction, "code", column="channel", values=("atm", "mobile")) == expected


@pytest.mark.parametrize(
    ("fees", "loans", "expected"),
    [
        (0.0, 0.0, 0),
        (0.0, 1.0, 1),
        (1.0, None, 1),
        (None, 1.0, 1),
        (0.0, None, None),
        (None, None, None),
        # Only 1 means yes.
        (3.0, 0.0, 0),
        (3.0, None, None),
    ],
)
def test_any_is_three_valued(fees: float | None, loans: float | None, expected: float | None) -> None:
    a = row("value", "a", column="transaction_fees_vnd")
    b = row("value", "b", column="total_loans_vnd")
    transaction = tx(0, transaction_fees_vnd=fees, total_loans_vnd=loans)
    assert last([a, b, row("any", of=("a", "b"))], transaction) == expected


@pytest.mark.parametrize(("flag", "expected"), [(True, 1), (False, 0), (None, None)])
def test_a_flag_is_one_or_zero(flag: bool | None, expected: float | None) -> None:  # noqa: FBT001 - a table's column
    assert own(tx(0, npl_flag=flag), "value", column="npl_flag") == expected
