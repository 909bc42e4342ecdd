"""Parallelism 2: no total order, but an order per entity, recorded by the ordinals of the scored records."""

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
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.profiles.profile_rows import ProfileKey
from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from tests.job.comparison import wrong_values
from tests.job.job_helpers import run_feature_job
from tests.job.random_stream import transactions, with_copies

SEED = 3
LATENESS_MS = 30 * DAY_MS
"""Longer than the stream, because lateness and eviction would depend on the order."""
NEW = transactions(SEED, 1_500)
ENTITIES: list[Entity] = ["account_id", "device_id", "merchant_id", "counterparty_id"]
"""The entities for which the catalogue has windows."""


def catalogue_of(entity: Entity) -> Catalogue:
    """Return the features that depend on one entity's order; for the account, flags on them too."""
    if entity == "account_id":
        others = {each.name for each in BUILT_IN.windows if each.entity != entity}
        return Catalogue(tuple(each for each in BUILT_IN.features if each.name not in others))
    return Catalogue(tuple(each for each in BUILT_IN.windows if each.entity == entity))


@dataclass(frozen=True)
class Outputs:
    """The job's output."""

    store: Path
    """The SQLite file that the job has written its profiles to."""
    scored: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]
    features: dict[str, dict[str, Any]]

    def seen_by(self, entity: Entity) -> list[Transaction]:
        """Return the entity's transactions by id, in the order of their ordinals."""
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
        *("--profile-store", f"sqlite:{folder / 'profiles.sqlite'}"),
    )
    assert process.returncode == 0, process.stderr
    records = lines(folder / "scores.jsonl")
    return Outputs(
        folder / "profiles.sqlite",
        [record for record in records if record["outcome"] == "new"],
        [record for record in records if record["outcome"] == "duplicate"],
        {row["transaction_id"]: row for row in lines(folder / "features.jsonl")},
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def ids(records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["transaction_id"] for record in records)


def test_each_transaction_is_scored_once_and_each_duplicate_is_detected(outputs: Outputs) -> None:
    assert NEW[-1].event_time_ms - NEW[0].event_time_ms < LATENESS_MS
    assert ids(outputs.scored) == sorted(each.transaction_id for each in NEW)
    assert len(outputs.duplicates) == len(NEW) // 10


def test_both_files_have_the_same_features(outputs: Outputs) -> None:
    assert len(outputs.features) == len(NEW)
    for record in outputs.scored:
        key = TransactionKey.of(record)._asdict()
        assert key | record["features"] == outputs.features[record["transaction_id"]]


def test_a_scored_record_has_an_ordinal_for_exactly_the_entities_of_its_transaction(outputs: Outputs) -> None:
    transactions_by_id = {each.transaction_id: each for each in NEW}
    for record in outputs.scored:
        transaction = transactions_by_id[record["transaction_id"]]
        assert set(record["ordinals"]) == {
            entity for entity in ENTITIES if getattr(transaction, entity) is not None
        }


def test_an_account_processes_its_transactions_in_file_order(outputs: Outputs) -> None:
    of_the_file: defaultdict[str, list[str]] = defaultdict(list)
    for transaction in NEW:
        of_the_file[transaction.account_id].append(transaction.transaction_id)
    seen = [each.transaction_id for each in outputs.seen_by("account_id")]
    assert seen == [id_ for account in sorted(of_the_file) for id_ in of_the_file[account]]


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_entitys_features_match_the_order_given_by_its_ordinals(outputs: Outputs, entity: Entity) -> None:
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


@pytest.mark.parametrize("entity", ENTITIES)
def test_the_store_has_the_histories_that_one_task_would_have(outputs: Outputs, entity: Entity) -> None:
    kernel = OnlineKernel(BUILT_IN, KernelLimits(allowed_lateness_ms=LATENESS_MS), hash_key=None)
    at = kernel.entities.index(entity)
    replay = kernel.replay()
    for each in outputs.seen_by(entity):
        replay.add(each.to_json(), each.event_time_ms)
    ids = {str(id_) for id_ in replay.ids(at)}
    expected = {id_: (int(replay.ordinal(at, id_)), bytes(replay.profile(at, id_))) for id_ in ids}
    store = SqliteProfiles(str(outputs.store), timeout_s=5)
    rows = store.read([ProfileKey(entity, id_) for id_ in sorted(ids)])
    store.close()
    found = {row.key.id: (row.ordinal, row.profile) for row in rows if row is not None}
    assert found == expected
