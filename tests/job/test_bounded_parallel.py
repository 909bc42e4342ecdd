"""Two slots: no order over all, but one for each entity, which the ordinals of the scored records tell."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, Entity
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.reference import Evaluated, evaluate
from fraudstream.domain.transaction import Transaction, TransactionKey
from tests.job.comparison import wrong_values
from tests.job.job_helpers import run_feature_job
from tests.job.random_stream import transactions, with_copies

SEED = 3
LATENESS_MS = 30 * DAY_MS
"""Longer than the stream: what is late or forgotten would depend on the order."""
NEW = transactions(SEED, 1_500)
ENTITIES: list[Entity] = ["account_id", "device_id", "merchant_id", "counterparty_id"]
"""Those that the catalogue has windows of."""


def catalogue_of(entity: Entity) -> Catalogue:
    """Return the features that the order of one entity decides; for the account the flags on them too."""
    if entity == "account_id":
        others = {each.name for each in BUILT_IN.windows if each.entity != entity}
        return Catalogue(tuple(each for each in BUILT_IN.features if each.name not in others))
    return Catalogue(tuple(each for each in BUILT_IN.windows if each.entity == entity))


@dataclass(frozen=True)
class Outputs:
    """What the job wrote."""

    scored: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]
    features: dict[str, dict[str, Any]]

    def seen_by(self, entity: Entity) -> list[Transaction]:
        """Return the transactions that have the entity: by its id, in the order of their ordinals."""
        ordinals = {record["transaction_id"]: record["ordinals"] for record in self.scored}
        having = [each for each in NEW if getattr(each, entity) is not None]
        return sorted(having, key=lambda each: (getattr(each, entity), ordinals[each.transaction_id][entity]))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    folder = tmp_path_factory.mktemp("parallel")
    stream = with_copies(NEW, SEED)
    (folder / "in.jsonl").write_bytes(b"".join(each.to_json() + b"\n" for each in stream))
    process = run_feature_job(
        *("--source", folder / "in.jsonl", "--parallelism", "2", "--allowed-lateness", "30d"),
        *("--features-out", folder / "features.jsonl", "--scores-out", folder / "scores.jsonl"),
    )
    assert process.returncode == 0, process.stderr
    records = lines(folder / "scores.jsonl")
    return Outputs(
        [record for record in records if record["outcome"] == "new"],
        [record for record in records if record["outcome"] == "duplicate"],
        {row["transaction_id"]: row for row in lines(folder / "features.jsonl")},
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ids(records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["transaction_id"] for record in records)


def test_each_transaction_is_scored_once_and_each_copy_is_found(outputs: Outputs) -> None:
    assert NEW[-1].event_time_ms - NEW[0].event_time_ms < LATENESS_MS
    assert ids(outputs.scored) == sorted(each.transaction_id for each in NEW)
    assert len(outputs.duplicates) == len(NEW) // 10


def test_both_files_have_the_same_features(outputs: Outputs) -> None:
    assert len(outputs.features) == len(NEW)
    for record in outputs.scored:
        key = TransactionKey.of(record)._asdict()
        assert key | record["features"] == outputs.features[record["transaction_id"]]


def test_there_is_an_ordinal_for_each_entity_that_a_transaction_has_and_no_other(outputs: Outputs) -> None:
    transactions_by_id = {each.transaction_id: each for each in NEW}
    for record in outputs.scored:
        transaction = transactions_by_id[record["transaction_id"]]
        assert set(record["ordinals"]) == {
            entity for entity in ENTITIES if getattr(transaction, entity) is not None
        }


def test_the_account_sees_its_transactions_in_the_order_of_the_file(outputs: Outputs) -> None:
    of_the_file: defaultdict[str, list[str]] = defaultdict(list)
    for transaction in NEW:
        of_the_file[transaction.account_id].append(transaction.transaction_id)
    seen = [each.transaction_id for each in outputs.seen_by("account_id")]
    assert seen == [id_ for account in sorted(of_the_file) for id_ in of_the_file[account]]


@pytest.mark.parametrize("entity", ENTITIES)
def test_the_features_of_an_entity_are_those_of_the_order_that_its_ordinals_tell(
    outputs: Outputs, entity: Entity
) -> None:
    catalogue = catalogue_of(entity)
    seen = outputs.seen_by(entity)
    expected: list[Evaluated] = list(evaluate(catalogue, seen, allowed_lateness_ms=LATENESS_MS))
    ordinals = {
        record["transaction_id"]: record["ordinals"][entity]
        for record in outputs.scored
        if entity in record["ordinals"]
    }
    assert [each.ordinals[entity] for each in expected] == [ordinals[each.transaction_id] for each in seen]
    rows = [outputs.features[each.transaction_id] for each in seen]
    assert wrong_values(catalogue, expected, rows) == []


@pytest.mark.parametrize("entity", [entity for entity in ENTITIES if entity != "account_id"])
def test_another_order_would_give_other_features(outputs: Outputs, entity: Entity) -> None:
    catalogue = catalogue_of(entity)
    backwards = outputs.seen_by(entity)[::-1]
    expected = list(evaluate(catalogue, backwards, allowed_lateness_ms=LATENESS_MS))
    rows = [outputs.features[each.transaction_id] for each in backwards]
    assert wrong_values(catalogue, expected, rows) != []
