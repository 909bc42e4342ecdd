"""Decisions equal what the job computes, on every kind of profile store."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.parity import ParitySize, check_parity
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from tests.profile_servers import postgres_url, redis_url
from tests.stack.stack_helpers import settings_with_own_streams

pytestmark = pytest.mark.skipif(
    "profile_store" not in JobSettings.model_fields, reason="the job of this revision writes no profiles"
)


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
    create_streams(kinesis_client(settings), settings, wait_s=30)
    with open_store(tmp_path) as url:
        report = check_parity(SecretStr(url), embedded_url, tmp_path, ParitySize(transactions=transactions))
    assert report.differences == []
    assert (report.compared, report.different) == (transactions, 0)
    assert set(report.outcomes) >= {"new", "duplicate"}
    # Sums of a condensed history: see docs/serve.md.
    assert all("HOT/" in line for line in report.rounded)
    assert report.last_digits <= transactions / 100
    if transactions >= 5_000:
        assert set(report.outcomes) == {"new", "duplicate", "conflicting_duplicate", "late"}
