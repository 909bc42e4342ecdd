"""The contract of every progress store, and the features of single ones."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alerts.message_consumer import REMEMBERED
from alerts.store.dynamodb import DynamoStore
from alerts.store.memory import MemoryStore
from alerts.store.progress_store import LEASE_MS, ProgressStore, StoreError
from alerts.store.sqlite import MAX_VARIABLES, PURGE_INTERVAL_MS, SqliteStore
from fraudstream.streams.positions import Position
from tests.unit.alerts.conftest import DAY_MS, TABLE, StoreMaker

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NOW_MS = 1_767_312_000_000
LATER = "49590338271490256608559692538361571095921575989136588898"
EARLIER = "9590338271490256608559692538361571095921575989136588898"
"""Sequence numbers of 56 and 55 digits: compared as text, the earlier one would be the later one."""


def test_unfinished_ids_are_ours_and_finished_ids_are_done(store: ProgressStore) -> None:
    assert set(store.claim(["a", "b"], NOW_MS).ours) == {"a", "b"}
    store.finish(["a"], NOW_MS)
    claims = store.claim(["a", "b"], NOW_MS)
    assert (set(claims.ours), set(claims.done), set(claims.busy)) == ({"b"}, {"a"}, set())


def test_a_claim_larger_than_one_statement_is_answered_for_each_id(open_sqlite: StoreMaker) -> None:
    store = open_sqlite()
    ids = [f"id-{number}" for number in range(2 * MAX_VARIABLES + 10)]
    store.finish(ids[::2], NOW_MS)
    claims = store.claim(ids, NOW_MS)
    assert list(claims.ours) == ids[1::2]
    assert set(claims.done) == set(ids[::2])


def test_finished_ids_stay_finished_for_the_next_run(open_store: StoreMaker) -> None:
    first = open_store()
    first.finish(["a"], NOW_MS)
    first.close()
    assert set(open_store().claim(["a"], NOW_MS).done) == {"a"}


def test_stored_positions_are_read_back_unchanged(open_store: StoreMaker) -> None:
    positions = {"s0": Position(LATER, NOW_MS), "s1": Position(None, 1), "s2": Position("7", 2, is_end=True)}
    first = open_store()
    assert first.positions() == {}
    first.advance(positions)
    first.close()
    assert open_store().positions() == positions


def test_a_position_advances_by_sequence_number_by_time_and_to_its_end(open_store: StoreMaker) -> None:
    store = open_store()
    for position in (
        Position(EARLIER, 1),
        Position(LATER, 1),
        Position(LATER, 2),
        Position(LATER, 2, is_end=True),
    ):
        store.advance({"s0": position})
        assert store.positions() == {"s0": position}


def test_the_start_of_the_first_run_holds_for_all_runs(open_store: StoreMaker) -> None:
    first = open_store()
    assert first.begin(NOW_MS) == NOW_MS
    first.close()
    assert open_store().begin(None) == NOW_MS


def test_a_start_at_the_oldest_record_is_remembered_too(open_store: StoreMaker) -> None:
    first = open_store()
    assert first.begin(None) is None
    first.close()
    assert open_store().begin(NOW_MS) is None


def test_one_file_serves_consumers_with_different_names(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite"
    first = SqliteStore(path, "Alerts/one", keep_ids_ms=DAY_MS)
    second = SqliteStore(path, "Alerts/two", keep_ids_ms=DAY_MS)
    first.finish(["a"], NOW_MS)
    first.advance({"s0": Position("1", 1)})
    assert set(second.claim(["a"], NOW_MS).ours) == {"a"}
    assert second.positions() == {}


def test_a_second_consumer_of_the_same_name_is_rejected_while_the_first_one_runs(
    open_sqlite: StoreMaker,
) -> None:
    first = open_sqlite()
    with pytest.raises(StoreError, match=r"'Alerts/test' already uses .*--name"):
        open_sqlite()
    first.close()
    open_sqlite().close()


def test_expired_ids_are_removed_from_the_file(open_sqlite: StoreMaker) -> None:
    store = open_sqlite()
    store.finish(["old"], NOW_MS)
    later_ms = NOW_MS + DAY_MS + PURGE_INTERVAL_MS
    store.finish(["new"], later_ms)
    claims = store.claim(["old", "new"], later_ms)
    assert (set(claims.ours), set(claims.done)) == ({"old"}, {"new"})


def test_ids_are_kept_until_they_expire(open_sqlite: StoreMaker) -> None:
    store = open_sqlite()
    store.finish(["old"], NOW_MS)
    store.finish(["new"], NOW_MS + DAY_MS - 1)
    assert set(store.claim(["old"], NOW_MS).done) == {"old"}


def test_a_file_that_is_no_database_is_reported_by_name(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite"
    path.write_text("no database at all, but some text that is long enough to be looked at")
    with pytest.raises(StoreError, match=r"alerts\.sqlite can't be used: file is not a database"):
        SqliteStore(path, "Alerts/test", keep_ids_ms=DAY_MS)


def test_a_file_of_a_newer_layout_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(StoreError, match="has layout 2, this version supports 1"):
        SqliteStore(path, "Alerts/test", keep_ids_ms=DAY_MS)


def test_the_file_uses_a_write_ahead_log(open_sqlite: StoreMaker, tmp_path: Path) -> None:
    store = open_sqlite()
    store.finish(["a"], NOW_MS)
    assert (tmp_path / "alerts.sqlite-wal").stat().st_size > 0


def test_an_id_claimed_by_another_consumer_is_busy_until_its_lease_expires(open_dynamo: StoreMaker) -> None:
    first, second = open_dynamo(), open_dynamo()
    first.claim(["a"], NOW_MS)
    assert set(second.claim(["a"], NOW_MS + LEASE_MS - 1).busy) == {"a"}
    assert set(second.claim(["a"], NOW_MS + LEASE_MS).ours) == {"a"}
    assert set(first.claim(["a"], NOW_MS + LEASE_MS + 1).busy) == {"a"}


def test_a_renewed_claim_extends_its_lease(open_dynamo: StoreMaker) -> None:
    first, second = open_dynamo(), open_dynamo()
    first.claim(["a"], NOW_MS)
    first.claim(["a"], NOW_MS + LEASE_MS - 1)
    assert set(second.claim(["a"], NOW_MS + LEASE_MS).busy) == {"a"}


def test_a_released_id_is_free_at_once_and_a_finished_id_stays_done(open_dynamo: StoreMaker) -> None:
    first, second = open_dynamo(), open_dynamo()
    first.claim(["a", "b"], NOW_MS)
    first.finish(["b"], NOW_MS)
    first.release(["a", "b"])
    claims = second.claim(["a", "b"], NOW_MS)
    assert (set(claims.ours), set(claims.done)) == ({"a"}, {"b"})


def test_a_consumer_cannot_release_the_claim_of_another(open_dynamo: StoreMaker) -> None:
    first, second = open_dynamo(), open_dynamo()
    first.claim(["a"], NOW_MS)
    second.release(["a"])
    assert set(second.claim(["a"], NOW_MS).busy) == {"a"}


def test_an_id_finished_by_one_consumer_is_done_for_the_other(open_dynamo: StoreMaker) -> None:
    first, second = open_dynamo(), open_dynamo()
    first.claim(["a"], NOW_MS)
    first.finish(["a"], NOW_MS)
    assert set(second.claim(["a"], NOW_MS + 2 * LEASE_MS).done) == {"a"}


def test_the_slower_of_two_consumers_does_not_move_a_position_back(open_dynamo: StoreMaker) -> None:
    first, second = open_dynamo(), open_dynamo()
    first.advance({"s0": Position(LATER, 5), "s1": Position("9", 5, is_end=True)})
    second.advance({"s0": Position(EARLIER, 9), "s1": Position("9", 5)})
    assert second.positions() == {"s0": Position(LATER, 5), "s1": Position("9", 5, is_end=True)}


def test_the_table_expires_ids_but_not_positions(dynamodb: "DynamoDBClient", open_dynamo: StoreMaker) -> None:
    store = open_dynamo()
    store.begin(NOW_MS)
    store.claim(["a", "b"], NOW_MS)
    store.finish(["a"], NOW_MS + 5_000)
    store.advance({"s0": Position("1", 1)})
    items = {
        item["pk"]["S"]: item.get("expires_at", {}).get("N")
        for item in dynamodb.scan(TableName=TABLE)["Items"]
    }
    assert items == {
        "start#Alerts/test": None,
        "position#Alerts/test": None,
        "alert#Alerts/test#a": str((NOW_MS + 5_000 + DAY_MS) // 1000),
        "alert#Alerts/test#b": str((NOW_MS + DAY_MS) // 1000),
    }


def test_a_missing_table_is_reported_with_the_command_that_creates_it(dynamodb: "DynamoDBClient") -> None:
    store = DynamoStore(dynamodb, "Nowhere", "Alerts/test", owner="me", keep_ids_ms=DAY_MS)
    for call in (store.positions, lambda: store.claim(["a"], NOW_MS), lambda: store.begin(None)):
        with pytest.raises(StoreError, match=r"DynamoDB table 'Nowhere' not found.*localstack\.tables"):
            call()


def test_a_replay_forgets_the_oldest_ids_above_its_limit() -> None:
    store = MemoryStore()
    ids = [str(number) for number in range(REMEMBERED + 1)]
    store.finish(ids, NOW_MS)
    assert list(store.claim(["0", "1"], NOW_MS).ours) == ["0"]
