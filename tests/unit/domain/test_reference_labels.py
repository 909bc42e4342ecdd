"""The effect of labels on fraud rates, and their positions among the transactions of a file."""

from typing import Any

import pytest

from fraudstream.domain.reference import Value, merge_labels
from fraudstream.domain.transaction import Label, Transaction
from tests.unit.domain.timeline import label, tx, values, window


def rate(*arrivals: Any, **others: Any) -> list[Value]:  # noqa: ANN401 - transactions and labels
    return values(window("fraud_rate", **others), list(arrivals))


def test_fraud_rate_is_known_frauds_divided_by_all_transactions() -> None:
    arrivals = tx(95, "a"), tx(96, "b"), label("a", 97), tx(97, "c"), tx(98, "d"), label("c", 98)
    assert rate(*arrivals) == [0, 0, 1 / 3, 1 / 4]
    assert rate(*arrivals, tx(99, "e")) == [0, 0, 1 / 3, 1 / 4, 2 / 5]


def test_fraud_rate_of_an_empty_window_is_null() -> None:
    assert rate(label("a", 90), tx(100, "a"), delay_ms=1) == [None]
    assert rate(tx(100, "a")) == [0]


@pytest.mark.parametrize(("available_at_ms", "expected"), [(99, 0.5), (100, 0.5), (101, 0)])
def test_a_label_is_visible_from_its_availability_on(available_at_ms: int, expected: float) -> None:
    #   95   100
    #   a    t     the label has arrived, but is not available yet
    assert rate(tx(95, "a"), label("a", available_at_ms), tx(100, "t")) == [0, expected]


def test_visibility_is_as_of_the_current_transaction_not_as_of_the_window_end() -> None:
    #   85        95   100
    #   (---------]
    #             a    t     label: available at 100
    assert rate(tx(95, "a"), label("a", 100), tx(100, "t"), delay_ms=5) == [None, 1]


def test_a_label_before_its_transaction_counts_once_that_arrives() -> None:
    assert rate(label("a", 95), tx(94, "x"), tx(95, "a"), tx(96, "t")) == [0, 1 / 2, 1 / 3]


def test_a_label_after_a_transaction_does_not_count_for_it() -> None:
    assert rate(tx(95, "a"), tx(100, "b"), label("a", 95), tx(100, "c")) == [0, 0, 1 / 3]


def test_the_label_that_arrived_last_counts_whatever_its_value() -> None:
    fraud, honest = label("a", 95), label("a", 95, is_fraud=False)
    assert rate(tx(95, "a"), fraud, honest, tx(100, "t")) == [0, 0]
    assert rate(tx(95, "a"), honest, fraud, tx(100, "t")) == [0, 0.5]
    # Even if it is not available yet, or was available before the other.
    assert rate(tx(95, "a"), fraud, label("a", 101), tx(100, "t")) == [0, 0]
    assert rate(tx(95, "a"), label("a", 99, is_fraud=False), label("a", 96), tx(100, "t")) == [0, 0.5]


def test_a_label_without_a_transaction_and_an_honest_label_change_nothing() -> None:
    assert rate(tx(95, "a"), label("nobody", 95), label("a", 95, is_fraud=False), tx(100, "t")) == [0, 0]


def test_a_label_counts_for_every_entity_of_its_transaction() -> None:
    arrivals: list[Transaction | Label] = [
        tx(95, "a", account_id="A", merchant_id="M"),
        label("a", 96),
        tx(97, "b", account_id="B", merchant_id="M"),
    ]
    assert values(window("fraud_rate", entity="merchant_id"), arrivals) == [0, 0.5]
    assert values(window("fraud_rate"), arrivals) == [0, 0]


@pytest.mark.parametrize(("time_ms", "expected"), [(50, None), (90, None), (91, 1)])
def test_a_label_waits_for_its_transaction_as_long_as_the_merchant_would_keep_that(
    time_ms: int, expected: float | None
) -> None:
    #   50        90 91        100
    #             (------------]     the merchant's frontier; account B is behind it, and not late to itself
    of_merchant = window("fraud_rate", entity="merchant_id")
    others = [tx(100, f"a{n}", merchant_id="M") for n in range(9)]
    late = tx(time_ms, "b", account_id="B", merchant_id="M")
    of_late = label("b", time_ms, account_id="B")
    assert values(of_merchant, [of_late, *others, late], lateness_ms=0)[-1] == expected


def test_a_label_is_about_the_transaction_of_its_account() -> None:
    of_merchant = window("fraud_rate", entity="merchant_id")
    arrivals: list[Transaction | Label] = [
        tx(95, "a", account_id="A", merchant_id="M"),
        tx(95, "a", account_id="B", merchant_id="M"),
        label("a", 95, account_id="B"),
        label("a", 95, account_id="A", is_fraud=False),
        tx(96, "b", merchant_id="M"),
    ]
    assert values(of_merchant, arrivals)[-1] == 1 / 3


def test_an_evicted_transaction_takes_its_label_along() -> None:
    #   90        100
    #   (---------]
    #   a         t
    assert rate(tx(90, "a"), label("a", 90), tx(100, "t")) == [0, 0]


# ---- labels among the transactions of a file ----


def merged(transactions: list[Transaction], labels: list[Label]) -> list[str]:
    return [
        f"label {each.transaction_id}" if isinstance(each, Label) else each.transaction_id
        for each in merge_labels(transactions, labels)
    ]


def test_a_label_is_placed_just_before_the_first_transaction_that_may_see_it() -> None:
    #   100  101  102
    #   a    b    c
    #        x         available at 101
    transactions = [tx(100, "a"), tx(101, "b"), tx(102, "c")]
    assert merged(transactions, [label("x", 100)]) == ["label x", "a", "b", "c"]
    assert merged(transactions, [label("x", 101)]) == ["a", "label x", "b", "c"]
    assert merged(transactions, [label("x", 102)]) == ["a", "b", "label x", "c"]


def test_labels_later_than_all_transactions_come_last() -> None:
    assert merged([tx(100, "a")], [label("y", 102), label("x", 101)]) == ["a", "label x", "label y"]
    assert merged([], [label("x", 101)]) == ["label x"]
    assert merged([tx(100, "a")], []) == ["a"]


def test_labels_are_ordered_by_time_and_ties_keep_their_order() -> None:
    labels = [label("y", 100), label("z", 100), label("x", 99), label("w", 100)]
    assert merged([tx(100, "a")], labels) == ["label x", "label y", "label z", "label w", "a"]


def test_in_an_unordered_file_a_label_precedes_the_first_transaction_that_is_late_enough() -> None:
    #   file: 100, 105, 101, 110
    transactions = [tx(100, "a"), tx(105, "b"), tx(101, "c"), tx(110, "d")]
    labels = [label("x", 101), label("y", 106)]
    assert merged(transactions, labels) == ["a", "label x", "b", "c", "label y", "d"]
