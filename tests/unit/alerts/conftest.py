"""Progress stores: each shipped kind, empty."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from alerts.store.dynamodb import DynamoStore
from alerts.store.memory import MemoryStore
from alerts.store.progress_store import ProgressStore
from alerts.store.redrives import DynamoRedrives, RedriveStore, SqliteRedrives
from alerts.store.sqlite import SqliteStore
from tests.unit.alerts.alert_fakes import FakeHandler, RetainingKinesis, Stage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

DAY_MS = 86_400_000
TABLE = "AlertConsumers"

StoreMaker = Callable[[], ProgressStore]


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    """Return an in-process DynamoDB with an empty progress table."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="ap-southeast-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        yield client


@pytest.fixture(params=["open_sqlite", "open_dynamo"])
def open_store(request: pytest.FixtureRequest) -> StoreMaker:
    """Return a function that opens the store of one consumer repeatedly, each time as a new process."""
    maker: StoreMaker = request.getfixturevalue(request.param)
    return maker


@pytest.fixture(params=["open_sqlite", "open_dynamo", "memory"])
def store(request: pytest.FixtureRequest) -> ProgressStore:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryStore()
    maker: StoreMaker = request.getfixturevalue(request.param)
    return maker()


@pytest.fixture
def open_sqlite(tmp_path: Path) -> StoreMaker:
    """Return a function that opens a SQLite store."""
    return lambda: SqliteStore(tmp_path / "alerts.sqlite", "Alerts/test", keep_ids_ms=DAY_MS)


@pytest.fixture
def open_dynamo(dynamodb: "DynamoDBClient") -> StoreMaker:
    """Return a function that opens a DynamoDB store, each time with a new owner."""
    owners = iter(range(1_000))
    return lambda: DynamoStore(
        dynamodb, TABLE, "Alerts/test", owner=f"owner-{next(owners)}", keep_ids_ms=DAY_MS
    )


@pytest.fixture(params=["sqlite", "dynamodb"])
def redrives(request: pytest.FixtureRequest, tmp_path: Path) -> RedriveStore:
    """Return an empty redrive store of each kind."""
    if request.param == "sqlite":
        return SqliteRedrives(tmp_path / "alerts.sqlite")
    return DynamoRedrives(request.getfixturevalue("dynamodb"), TABLE)


@pytest.fixture
def stage(tmp_path: Path, open_sqlite: StoreMaker) -> Stage:
    """Return a stage with one shard, a SQLite store and a handler with batches of two alerts."""
    return Stage(RetainingKinesis("s0"), open_sqlite(), FakeHandler(), tmp_path)
