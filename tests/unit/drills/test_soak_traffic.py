"""The file of transactions that a soak reads."""

import gzip
from pathlib import Path

import orjson
import pytest

from drills.soak import soak_traffic as traffic
from drills.soak.soak_traffic import traffic_file
from fraudstream.domain.transaction import parse_time_ms


@pytest.fixture
def _few_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "ACCOUNTS", 50)


def none(written: int) -> None:
    raise AssertionError(written)


@pytest.mark.usefixtures("_few_accounts")
def test_the_file_has_the_requested_transactions_in_time_order(tmp_path: Path) -> None:
    written: list[int] = []
    path = traffic_file(tmp_path / "soak", 1_000, written.append)
    records = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    times_ms = [parse_time_ms(record["event_time"]) for record in records]
    assert sum(written) == len(records) == len({record["transaction_id"] for record in records}) == 1_000
    assert times_ms == sorted(times_ms)
    assert times_ms[-1] - times_ms[0] > 86_400_000


@pytest.mark.usefixtures("_few_accounts")
def test_the_shortest_sufficient_file_is_reused(tmp_path: Path) -> None:
    files = {number: traffic_file(tmp_path, number, lambda _: None) for number in (100, 200, 300)}
    assert len(set(files.values())) == 3
    assert traffic_file(tmp_path, 101, none) == files[200]
    assert traffic_file(tmp_path, 100, none) == files[100]


@pytest.mark.usefixtures("_few_accounts")
def test_an_incomplete_file_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        traffic_file(tmp_path, 100, none)
    assert list(tmp_path.iterdir()) == []
