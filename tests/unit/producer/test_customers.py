"""Metadata of the simulated bank's customers, and their commands."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from fraudstream.archives.customer_files import read_customers
from fraudstream.domain.customer import Customer
from fraudstream.domain.families import SEGMENTS
from fraudstream.domain.transaction import from_time_ms, parse_time_ms
from fraudstream.profiles.customer_table import CustomerTable
from producer import customers as module
from producer.__main__ import app
from producer.customers import simulated_customers
from producer.simulation import TrafficOptions, blocks

OPTIONS = TrafficOptions(seed=3, accounts=500, start_ms=1_767_571_200_000, fraud_share=0.2)
COUNT = 8_000


@pytest.fixture(name="made", scope="module")
def fixture_made() -> dict[str, Customer]:
    return dict(simulated_customers(OPTIONS, COUNT))


def first_records() -> dict[str, dict[str, Any]]:
    records: dict[str, dict[str, Any]] = {}
    left = COUNT
    for block in blocks(OPTIONS):
        for record in map(orjson.loads, block.records()[:left]):
            records.setdefault(record["customer_id"], record)
        left -= len(block)
        if left <= 0:
            break
    return records


def test_every_customer_of_the_transactions_has_metadata_that_began_before_the_first_one(
    made: dict[str, Customer],
) -> None:
    records = first_records()
    assert made.keys() == records.keys()
    for id_, customer in made.items():
        time_ms = parse_time_ms(records[id_]["event_time"])
        assert customer.customer_since is not None
        assert customer.customer_since < from_time_ms(time_ms).date()
        if records[id_]["num_transactions"] == 1:
            assert customer.relationship_days(time_ms) in {1, 2}


def test_segments_and_levels_have_about_their_shares(made: dict[str, Customer]) -> None:
    segments = Counter(each.segment for each in made.values())
    levels = Counter(each.kyc_level for each in made.values())
    assert set(segments) == set(SEGMENTS)
    assert set(levels) == {0, 1, 2, 3}
    assert 0.7 < segments["mass"] / len(made) < 0.9
    assert 0.4 < levels[2] / len(made) < 0.6


def test_the_same_seed_gives_the_same_customers_and_fewer_transactions_a_part_of_them(
    made: dict[str, Customer],
) -> None:
    fewer = dict(simulated_customers(OPTIONS, COUNT // 10))
    assert 0 < len(fewer) < len(made)
    assert fewer.items() <= made.items()


def test_the_command_writes_a_file_and_says_how_many(tmp_path: Path) -> None:
    out = tmp_path / "customers.csv"
    done = CliRunner().invoke(app, ["customers", "--out", str(out), "--count", "500", "--accounts", "50"])
    assert done.exit_code == 0, done.output
    found = dict(read_customers(out))
    assert f"{len(found)} customers" in done.output
    wrong = CliRunner().invoke(app, ["customers", "--out", str(tmp_path / "customers.txt"), "--count", "1"])
    assert wrong.exit_code == 2
    assert "unknown kind of file" in wrong.output


def test_the_command_loads_a_file_into_the_table_and_writes_nothing_of_an_invalid_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, Customer]] = []

    class FakeTable:
        def write(self, customers: list[tuple[str, Customer]]) -> list[int]:
            written.extend(customers)
            return [len(customers)]

    opened: list[str] = []

    def open_table(_settings: object, name: str) -> FakeTable:
        opened.append(name)
        return FakeTable()

    monkeypatch.setattr(CustomerTable, "open", open_table)
    monkeypatch.setattr(module, "load_settings", lambda: None)
    path = tmp_path / "c.jsonl"
    path.write_text('{"customer_id":"C1","kyc_level":2}\n{"customer_id":"C2"}\n')
    done = CliRunner().invoke(app, ["load-customers", str(path), "--table", "T"])
    assert done.exit_code == 0, done.output
    assert "2 customers are in T" in done.output
    assert written == [("C1", Customer(kyc_level=2)), ("C2", Customer())]
    assert opened == ["T"]
    path.write_text('{"customer_id":"C3"}\n{"customer_id":"C4","kyc_level":9}\n')
    refused = CliRunner().invoke(app, ["load-customers", str(path)])
    assert refused.exit_code == 1
    assert len(written) == 2
