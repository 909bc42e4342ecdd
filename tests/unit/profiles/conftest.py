"""The stores that the contract suite runs against, each empty at the start of a test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileInventory

OpenStore = Callable[[], ProfileInventory]


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


@pytest.fixture(params=["sqlite"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store."""
    assert request.param == "sqlite"
    return f"sqlite:{tmp_path / 'profiles.db'}"
