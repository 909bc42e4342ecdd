"""Stores that fail, vanish or are damaged while a consumer runs."""

import os
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from alerts.store.dynamodb import DynamoStore
from alerts.store.progress_store import LEASE_MS, StoreDeniedError, StoreError
from alerts.store.sqlite import SqliteStore
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.streams.positions import Position
from tests.unit.alerts.alert_fakes import NOW_MS, FakeHandler, NoWait, RetainingKinesis, Stage
from tests.unit.alerts.alert_samples import alert
from tests.unit.alerts.conftest import DAY_MS, TABLE, StoreMaker
from tests.unit.alerts.failing_store import FailingStore, enduring
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def test_a_delivery_survives_an_outage_of_its_store_at_any_call_and_hands_each_alert_over_once(
    tmp_path: Path, open_sqlite: StoreMaker
) -> None:
    failing, said = FailingStore(open_sqlite()), list[str]()
    handler = FakeHandler()
    stage = Stage(RetainingKinesis("s0"), enduring(failing, said), handler, tmp_path)
    delivery = stage.delivery()
    for number in range(8):
        stage.kinesis.write("s0", alert(number))
        # The claim, the finish or the advance fails, in turn.
        failing.faults = [StoreError("down")] * 200 if number % 2 else []
        delivery.step()
        delivery.save()
    assert handler.got == [f"alert-{number}" for number in range(8)]
    assert failing.inner.positions()["s0"].sequence_number == "7"
    assert said[0].startswith("OUTAGE of store x for ")
    assert said[-1].startswith("store x responds again after ")


def test_a_stop_ends_the_wait_for_a_store_and_keeps_the_alert_for_the_next_run(
    tmp_path: Path, open_sqlite: StoreMaker
) -> None:
    failing = FailingStore(open_sqlite())
    handler = FakeHandler()
    stage = Stage(RetainingKinesis("s0"), failing, handler, tmp_path)
    stage.store = enduring(failing, stop=stage.stop)
    stage.store.begin(None)
    stage.kinesis.write("s0", alert(0))
    delivery = stage.delivery()
    failing.faults = [StoreError("down")] * 3
    stage.stop.set()
    assert delivery.step() == 0
    assert handler.got == []
    stage.stop.clear()
    failing.faults.clear()
    stage.delivery().step()
    assert handler.got == ["alert-0"]


@pytest.mark.parametrize(
    ("fault", "is_endured"),
    [
        (StoreError("locked", is_transient=True), True),
        (StoreError("no table"), False),
        (StoreDeniedError("denied"), False),
        (StoreError("damaged", is_lasting=True), False),
    ],
)
def test_at_the_start_only_transient_errors_are_endured(
    open_sqlite: StoreMaker, fault: StoreError, *, is_endured: bool
) -> None:
    failing = FailingStore(open_sqlite())
    failing.faults = [fault]
    if is_endured:
        assert enduring(failing).begin(7) == 7
    else:
        with pytest.raises(StoreError, match=str(fault)):
            enduring(failing).begin(7)


def test_a_damaged_store_ends_a_running_consumer(open_sqlite: StoreMaker) -> None:
    failing = FailingStore(open_sqlite())
    store = enduring(failing)
    store.begin(None)
    failing.faults = [StoreError("damaged", is_lasting=True)]
    with pytest.raises(StoreError, match="damaged"):
        store.positions()


def test_a_claim_after_an_outage_has_a_lease_from_then_on(open_dynamo: StoreMaker) -> None:
    failing = FailingStore(open_dynamo())
    hours_later_ms = NOW_MS + 10 * LEASE_MS
    store = enduring(failing, now_ms=hours_later_ms)
    store.begin(None)
    failing.faults = [StoreError("down")]
    store.claim(["a"], NOW_MS)
    assert open_dynamo().claim(["a"], hours_later_ms + LEASE_MS // 2).busy == {"a"}


def test_a_table_that_was_deleted_and_created_again_gets_the_start_and_every_position(
    dynamodb: "DynamoDBClient", open_dynamo: StoreMaker
) -> None:
    store = enduring(open_dynamo())
    store.begin(5)
    store.advance({"s0": Position("1", 1), "s1": Position("2", 2)})
    description = dynamodb.describe_table(TableName=TABLE)["Table"]
    dynamodb.delete_table(TableName=TABLE)
    waits: list[int] = []

    class CreatesTable(NoWait):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(1)
            if len(waits) == 3:
                dynamodb.create_table(
                    TableName=TABLE,
                    BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=description["AttributeDefinitions"],
                    KeySchema=description["KeySchema"],
                )
            return super().wait(timeout)

    store._stop = CreatesTable()  # noqa: SLF001 - the wait is where time passes
    store.advance({"s1": Position("3", 3)})
    assert open_dynamo().positions() == {"s0": Position("1", 1), "s1": Position("3", 3)}
    assert open_dynamo().begin(99) == 5


@pytest.mark.parametrize(
    ("fault", "kind", "is_transient"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), StoreError, True),
        (refusal("ThrottlingException"), StoreError, True),
        (refusal("ResourceNotFoundException"), StoreError, False),
        (refusal("AccessDeniedException"), StoreDeniedError, False),
        (refusal("ExpiredTokenException"), StoreDeniedError, False),
    ],
)
def test_errors_of_a_table_are_classified(
    fault: Exception, kind: type[StoreError], *, is_transient: bool
) -> None:
    class Refusing:
        def query(self, **_request: object) -> None:
            raise fault

    store = DynamoStore(Refusing(), TABLE, "c", owner="o", keep_ids_ms=1)  # type: ignore[arg-type] # a fake
    with pytest.raises(StoreError) as raised:
        store.positions()
    assert (type(raised.value), raised.value.is_transient) == (kind, is_transient)


def test_positions_on_several_pages_are_all_read() -> None:
    pages = [
        {"Items": [], "LastEvaluatedKey": {"pk": {"S": "1"}}},
        {"Items": [{"sk": {"S": "s0"}, "reached_ms": {"N": "1"}, "is_end": {"N": "0"}}]},
    ]

    class Paged:
        def query(self, **request: object) -> object:
            assert ("ExclusiveStartKey" in request) == (len(pages) == 1)
            return pages.pop(0)

    store = DynamoStore(Paged(), TABLE, "c", owner="o", keep_ids_ms=1)  # type: ignore[arg-type] # a fake
    assert store.positions() == {"s0": Position(None, 1)}


# SQLite


def sqlite_store(path: Path, name: str = "Alerts/test") -> SqliteStore:
    return SqliteStore(path, name, keep_ids_ms=DAY_MS)


def test_the_files_of_a_store_are_private_to_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        store = sqlite_store(tmp_path / "a.sqlite")
        store.finish(["a"], NOW_MS)
    finally:
        os.umask(umask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert {"a.sqlite", "a.sqlite-wal", "a.sqlite-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    store.close()


def test_a_locked_store_is_a_transient_error_and_works_again_after_the_lock(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path / "a.sqlite")
    other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as raised:
        store.finish(["a"], NOW_MS)
    assert raised.value.is_transient
    other.execute("ROLLBACK")
    other.close()
    store.finish(["a"], NOW_MS)
    assert store.claim(["a"], NOW_MS).done == {"a"}
    store.close()


def test_a_full_disk_is_a_transient_error_and_the_store_works_again_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    store = sqlite_store(path)
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()  # noqa: SLF001 - the connection's own limit
    store._connection.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001 - as above
    ids = [f"{number:064}" for number in range(2_000)]
    with pytest.raises(StoreError, match="full") as raised:
        store.finish(ids, NOW_MS)
    assert raised.value.is_transient
    store._connection.execute("PRAGMA max_page_count = 100000")  # noqa: SLF001 - as above
    store.finish(ids, NOW_MS)
    assert store.claim(ids, NOW_MS).done == set(ids)
    store.close()


def test_a_damaged_store_is_a_lasting_error_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreError, match="move it away") as raised:
        sqlite_store(tmp_path / "a.sqlite")
    assert raised.value.is_lasting


def deleted(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def replaced(folder: Path) -> None:
    deleted(folder)
    other = sqlite_store(folder / "a.sqlite", "Alerts/other")
    other.advance({"s0": Position("77", 77)})
    other.close()


@pytest.mark.parametrize("harm", [deleted, replaced])
def test_a_store_deleted_or_replaced_under_a_consumer_keeps_what_the_consumer_knows(
    tmp_path: Path,
    harm: Any,  # noqa: ANN401 - a function
) -> None:
    folder = tmp_path / "store"
    store = sqlite_store(folder / "a.sqlite")
    store.begin(3)
    store.finish(["a"], NOW_MS)
    store.advance({"s0": Position("1", 1)})
    harm(folder)
    store.advance({"s1": Position("2", 2)})
    with pytest.raises(StoreError, match="already uses the store"):
        sqlite_store(folder / "a.sqlite")
    store.close()
    again = sqlite_store(folder / "a.sqlite")
    assert again.positions() == {"s0": Position("1", 1), "s1": Position("2", 2)}
    assert (again.begin(99), again.claim(["a"], NOW_MS).done) == (3, {"a"})
    again.close()


def test_a_consumer_whose_deleted_store_another_one_has_created_again_ends_and_leaves_it_alone(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "store"
    first = sqlite_store(folder / "a.sqlite")
    enduring_first = enduring(first)
    enduring_first.begin(None)
    enduring_first.advance({"s0": Position("1", 1)})
    deleted(folder)
    second = sqlite_store(folder / "a.sqlite")
    second.advance({"s0": Position("7", 7)})
    for number in ("2", "3"):
        with pytest.raises(StoreError, match="already uses the store") as raised:
            enduring_first.advance({"s0": Position(number, 9)})
        assert raised.value.is_lasting
    enduring_first.close()
    assert second.positions() == {"s0": Position("7", 7)}
    with pytest.raises(StoreError, match="already uses the store"):
        sqlite_store(folder / "a.sqlite")
    second.close()


def test_a_store_whose_file_alone_was_deleted_keeps_its_lock(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path / "a.sqlite")
    (tmp_path / "a.sqlite").unlink()
    store.advance({"s0": Position("1", 1)})
    with pytest.raises(StoreError, match="already uses the store"):
        sqlite_store(tmp_path / "a.sqlite")
    assert store.positions() == {"s0": Position("1", 1)}
    store.close()


def test_an_existing_store_becomes_private_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.touch()
    path.chmod(0o644)
    sqlite_store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_endured_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = sqlite_store(folder / "a.sqlite")
    store.advance({"s0": Position("1", 1)})
    deleted(folder)
    folder.rmdir()
    folder.write_text("a file where the folder was")
    with pytest.raises(StoreError):
        store.advance({"s0": Position("2", 2)})
    folder.unlink()
    store.advance({"s0": Position("3", 3)})
    assert store.positions() == {"s0": Position("3", 3)}
    store.close()


def test_a_stop_during_the_last_save_is_no_error_of_the_store(open_sqlite: StoreMaker) -> None:
    failing, stop = FailingStore(open_sqlite()), NoWait()
    store = enduring(failing, stop=stop)
    store.begin(None)
    failing.faults = [StoreError("down")]
    stop.set()
    with pytest.raises(StopRequestedError, match="store x: down"):
        store.advance({"s0": Position("1", 1)})
