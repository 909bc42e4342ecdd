"""The stores that the contract suite runs against, each empty at the start of a test."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pg8000.native
import pytest
import redis
from pydantic import SecretStr

from fraudstream.profiles.dynamo_profiles import DynamoProfiles
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileInventory
from fraudstream.profiles.store_urls import parse_store_url
from localstack.emulator import embedded_emulator
from tests.profile_servers import PASSWORD, aws_variables, postgres_url, redis_url

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
def emulator() -> Iterator[str]:
    with embedded_emulator() as endpoint:
        yield endpoint


@pytest.fixture
def dynamo_database(emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a new table."""
    for name, value in aws_variables(emulator).items():
        monkeypatch.setenv(name, value)
    url = f"dynamodb:Profiles{next(_numbers)}"
    store = DynamoProfiles(parse_store_url(SecretStr(url)), timeout_s=10.0)
    assert store.create()
    store.close()
    return url


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
    name = f"bank{next(_numbers)}"
    connection = pg8000.native.Connection("bank", "127.0.0.1", url.path, url.port, PASSWORD)
    connection.run(f"CREATE DATABASE {name}")
    connection.close()
    return server.removesuffix(url.path) + name
