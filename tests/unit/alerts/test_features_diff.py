"""Features that differ between two runs, and the causes."""

from typing import Any

import pytest

from alerts.features_diff import FeatureDifference, FeaturesComparison, is_same
from alerts.order import OrderChange
from fraudstream.domain.catalogue import (
    ENTITIES,
    Catalogue,
    Entity,
    TransactionFeature,
    WindowFeature,
)
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.transaction import TransactionKey

CATALOGUE = Catalogue(
    (
        WindowFeature(name="a", entity="account_id", statistic="count", window_ms=HOUR_MS),
        WindowFeature(name="m", entity="merchant_id", statistic="count", window_ms=HOUR_MS),
        WindowFeature(name="rate", entity="merchant_id", statistic="fraud_rate", window_ms=HOUR_MS),
        TransactionFeature(name="hour", entity="transaction", statistic="hour"),
        TransactionFeature(name="m_flag", entity="transaction", statistic="above", of=("m",), threshold=3),
        TransactionFeature(
            name="rate_flag", entity="transaction", statistic="above", of=("rate",), threshold=0
        ),
    )
)
NONE = OrderChange(frozenset(), frozenset())


def keys(*ids: str) -> frozenset[TransactionKey]:
    return frozenset(TransactionKey("A", id_) for id_ in ids)


def changes(**of_entity: OrderChange) -> dict[Entity, OrderChange]:
    return {entity: of_entity.get(entity, NONE) for entity in ENTITIES}


def scored(id_: str, score: float = 0.5, model: str = "v1", **features: float | None) -> dict[str, Any]:
    values = dict.fromkeys(CATALOGUE.names, 1.0) | features
    return {
        "transaction_id": id_,
        "account_id": "A",
        "score": score,
        "model_version": model,
        "features": values,
    }


def compared(
    *pairs: tuple[dict[str, Any], dict[str, Any]], **of_entity: OrderChange
) -> dict[str, FeatureDifference]:
    comparison = FeaturesComparison(CATALOGUE, changes(**of_entity))
    for before, after in pairs:
        comparison.add(before, after)
    assert comparison.compared == len(pairs)
    return {each.name: each for each in comparison.found()}


METADATA = Catalogue(
    (
        TransactionFeature(name="kyc", entity="transaction", statistic="value", column="customer_kyc_level"),
        TransactionFeature(name="low", entity="transaction", statistic="at_most", of=("kyc",), threshold=1),
        WindowFeature(
            name="w", entity="account_id", statistic="sum", column="customer_kyc_level", window_ms=HOUR_MS
        ),
        WindowFeature(name="x", entity="account_id", statistic="sum", column="low", window_ms=HOUR_MS),
        TransactionFeature(name="x_flag", entity="transaction", statistic="above", of=("x",), threshold=3),
        TransactionFeature(name="hour", entity="transaction", statistic="hour"),
    )
)


@pytest.mark.parametrize(
    ("name", "with_a_new_version", "with_the_same"),
    [
        ("kyc", "metadata", "unexplained"),
        ("low", "metadata", "unexplained"),
        ("w", "metadata", "metadata"),
        ("x", "metadata", "metadata"),
        ("x_flag", "metadata", "metadata"),
        ("hour", "unexplained", "unexplained"),
    ],
)
def test_other_metadata_explain_the_features_of_metadata_and_no_others(
    name: str, with_a_new_version: str, with_the_same: str
) -> None:
    values = dict.fromkeys(METADATA.names, 1.0)
    before = scored("T") | {"features": values, "metadata_version": "v1"}
    for version, cause in (("v2", with_a_new_version), ("v1", with_the_same)):
        comparison = FeaturesComparison(METADATA, changes())
        after = before | {"features": values | {name: 2.0}, "metadata_version": version}
        comparison.add(before, after)
        (found,) = comparison.found()
        assert (found.name, dict(found.causes)) == (name, {cause: 1})


OTHERS = OrderChange(keys("T"), frozenset())
REORDERED = OrderChange(frozenset(), keys("T"))


@pytest.mark.parametrize(
    ("name", "of_entity", "cause"),
    [
        ("m", {"merchant_id": OTHERS}, "others"),
        ("m", {"merchant_id": REORDERED}, "reordered"),
        ("m", {"account_id": OTHERS, "device_id": OTHERS}, "unexplained"),
        ("m", {}, "unexplained"),
        ("a", {"account_id": OTHERS}, "others"),
        ("a", {"merchant_id": OTHERS}, "unexplained"),
        ("m_flag", {"merchant_id": OTHERS}, "others"),
        ("m_flag", {"account_id": OTHERS}, "unexplained"),
        ("hour", dict.fromkeys(ENTITIES, OTHERS), "unexplained"),
        ("rate", {}, "labels"),
        ("rate", {"merchant_id": OTHERS}, "others"),
        ("rate_flag", {}, "labels"),
    ],
)
def test_a_feature_is_explained_by_the_order_of_the_entity_that_it_reads(
    name: str, of_entity: dict[str, OrderChange], cause: str
) -> None:
    changed = scored("T")
    changed["features"][name] = 2.0
    found = compared((scored("T"), changed), **of_entity)
    assert set(found) == {name}
    assert found[name].causes == {cause: 1}


def test_a_score_is_explained_by_its_model_or_by_features_that_differ_in_the_last_bit() -> None:
    same, last_bit = scored("T"), scored("T", score=0.6, m=1.0 + 2**-52)
    assert compared((same, scored("T", score=0.6)))["score"].causes == {"unexplained": 1}
    assert compared((same, scored("T", score=0.6, model="v2")))["score"].causes == {"model": 1}
    found = compared((same, last_bit))
    assert set(found) == {"score"}
    assert found["score"].causes == {"features": 1}


def test_transactions_are_counted_and_the_largest_difference_is_the_example() -> None:
    found = compared(
        *((scored(f"T{by}"), scored(f"T{by}", m=1.0 + by)) for by in (2, -7, 5)),
        merchant_id=OrderChange(keys("T2", "T-7", "T5"), frozenset()),
    )["m"]
    assert (found.differing, found.largest) == (3, 7.0)
    assert (found.example, found.before, found.after) == (TransactionKey("A", "T-7"), 1.0, -6.0)


def test_an_unexplained_difference_is_the_example_even_if_it_is_small() -> None:
    found = compared(
        *((scored(f"T{by}"), scored(f"T{by}", m=1.0 + by)) for by in (8, 1, 2, 9)),
        merchant_id=OrderChange(keys("T9", "T8"), frozenset()),
    )["m"]
    assert (found.example, found.largest, found.causes["unexplained"]) == (TransactionKey("A", "T1"), 9.0, 2)


def test_a_transaction_of_another_account_with_the_same_id_is_another_one() -> None:
    of_b = scored("T") | {"account_id": "B"}
    changed = scored("T", m=2.0) | {"account_id": "B"}
    assert compared((of_b, changed), merchant_id=OTHERS)["m"].causes == {"unexplained": 1}


def test_null_and_a_number_differ_without_a_size() -> None:
    found = compared((scored("T", m=None), scored("T")))["m"]
    assert (found.differing, found.largest, found.before, found.after) == (1, None, None, 1.0)


def test_unexplained_features_come_first_then_the_most_frequent() -> None:
    found = compared(
        (scored("T"), scored("T", m=2.0, m_flag=2.0, rate=2.0)),
        (scored("U"), scored("U", m=2.0, hour=2.0)),
        merchant_id=OrderChange(keys("T", "U"), frozenset()),
    )
    assert list(found) == ["hour", "m", "m_flag", "rate"]


def test_equal_records_have_no_difference() -> None:
    assert compared((scored("T"), scored("T")), (scored("U", m=None), scored("U", m=None))) == {}


@pytest.mark.parametrize(
    ("value", "other", "expected"),
    [
        (1.0, 1.0 + 1e-10, True),
        (1.0, 1.0 + 1e-8, False),
        (0.0, 1e-10, True),
        (None, None, True),
        (None, 0.0, False),
        ([[1.0, None, 2.0]], [[1.0 + 1e-10, None, 2.0]], True),
        ([[1.0, None, 2.0]], [[1.0, None, 3.0]], False),
        ([[1.0]], [[1.0], [1.0]], False),
    ],
)
def test_values_are_compared_up_to_rounding(value: object, other: object, expected: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert is_same(value, other) is expected
    assert is_same(other, value) is expected
