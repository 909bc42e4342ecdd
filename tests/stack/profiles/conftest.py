"""The stores that the contract suite runs against, each empty at the start of a test."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pg8000.native
import pytest
import redis
from pydantic import SecretStr

from fraudstream.profiles.dynamo_table import create_profile_table
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileInventory
from fraudstream.profiles.store_urls import parse_store_url
from localstack.emulator import embedded_emulator
from tests.profile_servers import PASSWORD, aws_variables, postgres_url, redis_url

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

OpenStore = Callable[[], ProfileInventory]
DATABASES = {"postgresql": "postgres_database", "redis": "redis_database", "dynamodb": "dynamo_database"}
_numbers = count(1)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    with redis_url() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres_url() as url:
        yield url


@pytest.fixture(scope="session")
def dynamo_emulator() -> Iterator[tuple[str, "DynamoDBClient"]]:
    """Yield the emulator's endpoint and a client; one client, because each reads its service's model."""
    with embedded_emulator() as endpoint:
        client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="ap-southeast-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield endpoint, client


@pytest.fixture
def dynamo_database(dynamo_emulator: tuple[str, "DynamoDBClient"], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a new table."""
    endpoint, client = dynamo_emulator
    for name, value in aws_variables(endpoint).items():
        monkeypatch.setenv(name, value)
    table = f"Profiles{next(_numbers)}"
    assert create_profile_table(client, table)
    return f"dynamodb:{table}"


@pytest.fixture
def redis_database(redis_server: str) -> str:
    return empty_database(redis_server)


@pytest.fixture
def postgres_database(postgres_server: str) -> str:
    return empty_database(postgres_server)


@pytest.fixture
def open_store(store_url: str) -> Iterator[OpenStore]:
    """Return a function that opens the store once more, as another process would."""
    opened: list[ProfileInventory] = []

    def open_() -> ProfileInventory:
        opened.append(profile_store(SecretStr(store_url), timeout_s=10.0))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def store(open_store: OpenStore) -> ProfileInventory:
    return open_store()


@pytest.fixture(params=["sqlite", "postgresql", "redis", "dynamodb"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'profiles.db'}"
    url: str = request.getfixturevalue(DATABASES[request.param])
    return url


def empty_database(server: str) -> str:
    """Return the URL of an empty database of a server."""
    url = parse_store_url(SecretStr(server))
    if url.scheme == "redis":
        with redis.Redis(host=url.host, port=url.port, password=PASSWORD) as client:
            client.flushall()
        return server
    with closing(pg8000.native.Connection("bank", "127.0.0.1", url.path, url.port, PASSWORD)) as connection:
        connection.run("DROP SCHEMA IF EXISTS fraudstream CASCADE")
    return server
