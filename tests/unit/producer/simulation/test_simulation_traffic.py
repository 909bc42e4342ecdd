"""Transactions as objects: their fields are plausible, and absent where they do not apply."""

from itertools import islice

import pytest

from fraudstream.domain.transaction import Transaction
from producer.simulation import TrafficOptions, generate

START_MS = 1_767_200_400_000  # 2026-01-01, 00:00 in Vietnam


@pytest.fixture(scope="module")
def honest() -> list[Transaction]:
    traffic = islice(generate(TrafficOptions(start_ms=START_MS)), 30_000)
    return [transaction for transaction, label in traffic if not label.is_fraud]


def test_ordinary_fields_are_plausible(honest: list[Transaction]) -> None:
    for transaction in honest:
        assert transaction.transaction_amount_vnd >= 1_000
        assert transaction.transaction_amount_vnd == int(transaction.transaction_amount_vnd)
        assert 8 < (transaction.latitude or 10) < 23
        assert 102 < (transaction.longitude or 105) < 110
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
def test_fields_that_do_not_apply_to_a_kind_are_null(
    honest: list[Transaction], transaction_type: str, absent: tuple[str, ...]
) -> None:
    found = [transaction for transaction in honest if transaction.transaction_type == transaction_type]
    assert len(found) > 50
    assert {getattr(transaction, field) for transaction in found for field in absent} == {None}
