"""Decisions equal what the job computes, on every kind of profile store."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.parity import ParitySize, check_parity
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from localstack.streams import create_streams
from localstack.tables import create_tables
from tests.profile_servers import postgres_url, redis_url
from tests.stack.stack_helpers import settings_with_own_streams


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:{folder / 'profiles.sqlite'}"


@contextmanager
def dynamodb(_folder: Path) -> Iterator[str]:
    yield "dynamodb:ParityProfiles"


@contextmanager
def redis(_folder: Path) -> Iterator[str]:
    with redis_url() as url:
        yield url


@contextmanager
def postgresql(_folder: Path) -> Iterator[str]:
    with postgres_url() as url:
        yield url


@pytest.mark.parametrize(
    ("open_store", "transactions"),
    [(sqlite, 5_000), (redis, 500), (postgresql, 500), (dynamodb, 500)],
)
def test_outcomes_features_and_scores_are_those_of_the_job_bit_for_bit(
    open_store: Callable[[Path], AbstractContextManager[str]],
    transactions: int,
    embedded_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_with_own_streams(embedded_url, monkeypatch)
    create_tables(settings, "ParityProgress", "ParityAlerts", "ParityProfiles")
    create_streams(kinesis_client(settings), settings, wait_s=30)
    with open_store(tmp_path) as url:
        report = check_parity(
            SecretStr(url),
            embedded_url,
            tmp_path,
            ParitySize(transactions=transactions, slots=transactions // 10),
        )
    assert report.differences == []
    assert (report.compared, report.different) == (transactions, 0)
    assert set(report.outcomes) >= {"new", "duplicate"}
    # Sums of a condensed history: see docs/serve.md.
    assert all("HOT/" in line for line in report.rounded)
    if transactions >= 5_000:
        assert set(report.outcomes) == {"new", "duplicate", "conflicting_duplicate", "late"}
