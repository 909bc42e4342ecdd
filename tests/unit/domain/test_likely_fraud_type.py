import pytest

from fraudstream.domain.likely_fraud_type import likely_fraud_type, suspected_fraud_type
from fraudstream.domain.patterns.fee_manipulation import (
    FEE_FREQUENCY_PER_5_MINUTES,
    HIGH_FEE_RATIO,
    SMALL_AMOUNT_VND,
)
from fraudstream.domain.patterns.loan_fraud import LARGE_LOANS_VND, SHORT_HISTORY_TRANSACTIONS
from fraudstream.domain.patterns.money_laundering import RAPID_SUM_VND

TAKEOVER: dict[str, float | None] = {"new_device_flag": 1, "biometric_failures_flag": 1}
LOAN: dict[str, float | None] = {
    "total_loans_vnd": LARGE_LOANS_VND + 1,
    "num_transactions": SHORT_HISTORY_TRANSACTIONS - 1,
    "npl_flag": 1,
}
FEES: dict[str, float | None] = {
    "account_count_5m": FEE_FREQUENCY_PER_5_MINUTES + 1,
    "fee_to_amount_ratio": HIGH_FEE_RATIO,
    "transaction_amount_vnd": SMALL_AMOUNT_VND,
}
LAUNDERING: dict[str, float | None] = {
    "high_amount_flag": 1,
    "off_hours_flag": 1,
    "account_amount_vnd_sum_5m": RAPID_SUM_VND + 1,
}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({}, None),
        (dict.fromkeys([*TAKEOVER, *LOAN, *FEES, *LAUNDERING], None), None),
        (dict.fromkeys([*TAKEOVER, "npl_flag", "fee_to_amount_ratio", *LAUNDERING], 0), None),
        (TAKEOVER, "account_takeover"),
        ({"new_device_flag": 1}, "account_takeover"),
        (LOAN, "loan_fraud"),
        ({"npl_flag": 1}, "loan_fraud"),
        (FEES, "fee_manipulation"),
        (LAUNDERING, "money_laundering"),
        # The limits of the signs that compare numbers.
        ({"total_loans_vnd": LARGE_LOANS_VND}, None),
        ({"total_loans_vnd": LARGE_LOANS_VND + 1}, "loan_fraud"),
        ({"num_transactions": SHORT_HISTORY_TRANSACTIONS}, None),
        ({"num_transactions": SHORT_HISTORY_TRANSACTIONS - 1}, "loan_fraud"),
        ({"account_count_5m": FEE_FREQUENCY_PER_5_MINUTES}, None),
        ({"account_count_5m": FEE_FREQUENCY_PER_5_MINUTES + 1}, "fee_manipulation"),
        ({"fee_to_amount_ratio": HIGH_FEE_RATIO - 0.001}, None),
        ({"fee_to_amount_ratio": HIGH_FEE_RATIO}, "fee_manipulation"),
        ({"transaction_amount_vnd": SMALL_AMOUNT_VND}, "fee_manipulation"),
        ({"transaction_amount_vnd": SMALL_AMOUNT_VND + 1}, None),
        ({"account_amount_vnd_sum_5m": RAPID_SUM_VND}, None),
        ({"account_amount_vnd_sum_5m": RAPID_SUM_VND + 1}, "money_laundering"),
        ({"high_amount_flag": 1}, "money_laundering"),
        ({"off_hours_flag": 1}, "money_laundering"),
        ({"biometric_failures_flag": 1}, "account_takeover"),
        # The largest share wins: one of two against two of three.
        ({"new_device_flag": 1, "high_amount_flag": 1, "off_hours_flag": 1}, "money_laundering"),
        ({"new_device_flag": 1, "high_amount_flag": 1}, "account_takeover"),
        # Of equal shares, the most specific type.
        (TAKEOVER | LOAN | LAUNDERING | FEES, "fee_manipulation"),
        (TAKEOVER | LOAN | LAUNDERING, "account_takeover"),
        (LOAN | LAUNDERING, "loan_fraud"),
    ],
)
def test_the_likely_type_has_the_largest_share_of_its_signs(
    features: dict[str, float | None], expected: str | None
) -> None:
    assert likely_fraud_type(features) == expected


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({}, None),
        (TAKEOVER, "account_takeover"),
        (LOAN, "loan_fraud"),
        (FEES, "fee_manipulation"),
        (LAUNDERING, "money_laundering"),
        (TAKEOVER | {"biometric_failures_flag": 0}, None),
        (LOAN | {"npl_flag": None}, None),
        (LAUNDERING | FEES, "fee_manipulation"),
    ],
)
def test_a_type_is_suspected_if_all_of_its_signs_hold(
    features: dict[str, float | None], expected: str | None
) -> None:
    assert suspected_fraud_type(features) == expected
