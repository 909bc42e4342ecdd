"""Stores of progress: each kind that ships, empty."""

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

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

DAY_MS = 86_400_000
TABLE = "AlertConsumers"

StoreMaker = Callable[[], ProgressStore]


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    """Return DynamoDB in this process, with an empty table for progress."""
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
    """Return what opens the store of the same consumer again and again, each time as a new process would."""
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
    """Return what opens a SQLite store."""
    return lambda: SqliteStore(tmp_path / "alerts.sqlite", "Alerts/test", keep_ids_ms=DAY_MS)


@pytest.fixture
def open_dynamo(dynamodb: "DynamoDBClient") -> StoreMaker:
    """Return what opens a DynamoDB store, by a new owner each time."""
    owners = iter(range(1_000))
    return lambda: DynamoStore(
        dynamodb, TABLE, "Alerts/test", owner=f"owner-{next(owners)}", keep_ids_ms=DAY_MS
    )


@pytest.fixture(params=["sqlite", "dynamodb"])
def redrives(request: pytest.FixtureRequest, tmp_path: Path) -> RedriveStore:
    """Return an empty store of redrives of each kind."""
    if request.param == "sqlite":
        return SqliteRedrives(tmp_path / "alerts.sqlite")
    return DynamoRedrives(request.getfixturevalue("dynamodb"), TABLE)
