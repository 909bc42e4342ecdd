from math import nan

import pytest

from fraudstream.domain.alert_reasons import MAX_REASONS, Reason, Reasoner
from fraudstream.domain.catalogue import BUILT_IN, Catalogue

CATALOGUE = Catalogue.from_json(
    """{"features": [
    {"name": "last", "entity": "account_id", "statistic": "last_n", "column": "transaction_amount_vnd",
     "window": "1h", "n": 1},
    {"name": "amount", "entity": "transaction", "statistic": "value", "column": "transaction_amount_vnd"},
    {"name": "fee", "entity": "transaction", "statistic": "value", "column": "transaction_fees_vnd"},
    {"name": "ratio", "entity": "account_id", "statistic": "ratio_to_mean",
     "column": "transaction_amount_vnd", "window": "30d", "delay": "1ms"}
    ]}"""
)
"""Its vector: an amount, a gap and a value of the list, then amount, fee, ratio."""
VECTOR = [5.0, 6.0, 7.0, 900.0, 40.0, 4.5]


def reasons(
    added: list[float],
    vector: list[float] = VECTOR,
    population: dict[str, float | None] | None = None,
) -> tuple[Reason, ...]:
    return Reasoner(CATALOGUE, population or {}).reasons(vector, added)


def names(added: list[float]) -> list[str]:
    return [reason.feature for reason in reasons(added)]


def test_the_feature_with_the_largest_contribution_comes_first() -> None:
    assert names([0, 0, 0, 0.1, 0.3, 0.2]) == ["fee", "ratio", "amount"]


def test_a_negative_or_zero_contribution_is_no_reason() -> None:
    assert names([0, 0, 0, -2.0, 0.3, 0.0]) == ["fee"]
    assert names([0, 0, 0, -2.0, -0.3, 0.0]) == []


def test_a_contribution_that_rounds_to_zero_is_no_reason() -> None:
    assert names([0, 0, 0, 0.00006, 0.00004, 0.0]) == ["amount"]


def test_a_list_contributes_the_sum_of_its_positions() -> None:
    first, second = reasons([0.2, 0.3, -0.1, 0.3, 0, 0])
    assert (first.feature, first.contribution, first.value) == ("last", 0.4, None)
    assert first.sentence_en == "The last 1 transactions of this account, taken together, look like fraud."
    assert second.feature == "amount"
    assert names([0.2, -0.3, -0.1, 0.3, 0, 0]) == ["amount"]


def test_equal_contributions_keep_the_order_of_the_catalogue() -> None:
    assert names([0, 0, 0, 0.5, 0.5, 0.5]) == ["amount", "fee", "ratio"]


def test_there_are_at_most_five_reasons() -> None:
    added = [float(place) for place in range(BUILT_IN.width)]
    found = Reasoner(BUILT_IN, {}).reasons([1.0] * BUILT_IN.width, added)
    assert [reason.feature for reason in found] == list(reversed(BUILT_IN.names[-MAX_REASONS:]))
    assert MAX_REASONS == 5


def test_a_reason_describes_its_feature_completely() -> None:
    (reason,) = reasons([0, 0, 0, 0.123456, 0, 0], population={"amount": 300.0})
    assert reason == Reason(
        feature="amount",
        value=900.0,
        usual=200.0,
        usual_of="account",
        contribution=0.1235,
        sentence_en="The amount is 900 VND; usual for this account is 200 VND.",
        sentence_vi="Số tiền giao dịch là 900 ₫; mức thường thấy của tài khoản này là 200 ₫.",
    )


@pytest.mark.parametrize("ratio", [nan, 0.0])
def test_the_population_baseline_is_used_if_the_account_has_none(ratio: float) -> None:
    (reason,) = reasons([0, 0, 0, 1.0, 0, 0], [*VECTOR[:5], ratio], {"amount": 300.0})
    assert (reason.usual, reason.usual_of) == (300.0, "population")
    assert reason.sentence_en.endswith("; usual for honest transactions is 300 VND.")
    assert reason.sentence_vi.endswith("; mức thường thấy của giao dịch hợp lệ là 300 ₫.")


def test_without_a_baseline_the_reason_mentions_none() -> None:
    (reason,) = reasons([0, 0, 0, 0, 1.0, 0], population={"fee": None})
    assert (reason.usual, reason.usual_of) == (None, None)
    assert reason.sentence_en == "The fee is 40 VND."
    assert reason.sentence_vi == "Phí giao dịch là 40 ₫."


def test_a_missing_value_is_null_and_described_as_missing() -> None:
    vector = [*VECTOR[:4], nan, 4.5]
    (reason,) = reasons([0, 0, 0, 0, 1.0, 0], vector, {"fee": 10.0})
    assert reason.value is None
    assert reason.sentence_en == "There is no figure for the fee; usual for honest transactions is 10 VND."
    assert (
        reason.sentence_vi
        == "Không có số liệu về phí giao dịch; mức thường thấy của giao dịch hợp lệ là 10 ₫."
    )
