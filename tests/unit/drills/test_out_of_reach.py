"""Both comparisons with the reference expect to be told which entities a transaction was out of reach of."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from drills.evidence import Evidence
from drills.reference_comparison import wrong_features
from drills.verdict import judge
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.transaction import Transaction
from tests.unit.drills.perfect_run import EXPECTED, NOW_MS, evidence_of, sent_item, with_changed

OLD = 20
"""The place of the transaction that is out of reach; those before it are on time."""


@cache
def run() -> Evidence:
    """Return a run of 20 accounts at one merchant and device, and of another account 30 days behind."""
    on_time = [
        Transaction(
            transaction_id=f"T{number}",
            event_time_ms=NOW_MS + number * 1_000,
            account_id=f"A{number}",
            transaction_amount_vnd=1_000.0,
            merchant_id="M",
            device_id="D",
        )
        for number in range(OLD)
    ]
    old = replace(on_time[0], account_id="OLD", event_time_ms=NOW_MS - 30 * DAY_MS)
    return evidence_of([sent_item(each) for each in (*on_time, old)])


def changed(**fields: Any) -> Evidence:  # noqa: ANN401 - any field
    return with_changed(run(), OLD, **fields)


def differences(evidence: Evidence) -> set[str]:
    transactions = [item.transaction for item in evidence.items if item.transaction is not None]
    records = [each.content for each in evidence.scored]
    return {each.feature for each in wrong_features(BUILT_IN, transactions, records)}


def test_the_record_names_the_entities_and_has_none_of_their_features() -> None:
    record = run().scored[OLD].content
    assert record["out_of_reach"] == ["device_id", "merchant_id"]
    assert record["features"]["merchant_count_1h"] is None
    assert record["features"]["account_count_1h"] == 1
    assert judge("a_fault", EXPECTED, run()).is_survived
    assert differences(run()) == set()


@pytest.mark.parametrize("said", [[], ["merchant_id"], ["device_id", "merchant_id", "counterparty_id"]])
def test_a_record_that_names_other_entities_is_wrong(said: list[str]) -> None:
    assert judge("a_fault", EXPECTED, changed(out_of_reach=said)).wrong == 1
    assert differences(changed(out_of_reach=said)) == {"out_of_reach"}


def test_a_record_that_is_in_reach_must_name_none() -> None:
    evidence = with_changed(run(), 3, out_of_reach=["merchant_id"])
    assert judge("a_fault", EXPECTED, evidence).wrong == 1
    assert differences(evidence) == {"out_of_reach"}


def test_a_count_out_of_reach_is_wrong() -> None:
    features = run().scored[OLD].content["features"] | {"merchant_count_1h": 1}
    assert judge("a_fault", EXPECTED, changed(features=features)).wrong == 1
    assert differences(changed(features=features)) == {"merchant_count_1h"}
