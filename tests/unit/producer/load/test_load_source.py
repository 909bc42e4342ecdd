from itertools import islice
from pathlib import Path

import orjson
import pytest

from fraudstream.transaction import Transaction
from producer.load.source import from_file, generated
from producer.simulation import TrafficOptions, ending_at, generate
from streams.errors import StreamError

END_MS = 1_767_312_000_000


def test_the_generators_transactions_are_taken_from_the_first_on() -> None:
    options = TrafficOptions(accounts=50, start_ms=0)
    expected = [tx.to_json() for tx, _ in islice(generate(ending_at(options, 20, END_MS)), 20)]
    assert [record.data for record in generated(options, 20, END_MS)] == expected


def test_the_generator_gives_so_many_transactions_under_their_accounts() -> None:
    records = list(generated(TrafficOptions(accounts=50, start_ms=0), 300, END_MS))
    transactions = [Transaction.from_json(record.data) for record in records]
    assert len({transaction.transaction_id for transaction in transactions}) == 300
    assert [record.partition_key for record in records] == [tx.account_id for tx in transactions]


def test_the_same_seed_gives_the_same_records() -> None:
    first, second = (
        list(generated(TrafficOptions(seed=3, accounts=50, start_ms=0), 100, END_MS)) for _ in range(2)
    )
    assert first == second


def test_a_files_lines_are_sent_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b'{"account_id": "A", "x":1}\n\n  {"account_id":"B"}  \n')
    assert list(from_file(path)) == [(b'{"account_id": "A", "x":1}', "A"), (b'{"account_id":"B"}', "B")]


@pytest.mark.parametrize("line", [b"{", b"[1]", b"{}", b'{"account_id": 7}', b'{"account_id": ""}'])
def test_a_line_without_an_account_is_named_by_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(orjson.dumps({"account_id": "A"}) + b"\n" + line + b"\n")
    lines = from_file(path)
    assert next(lines).partition_key == "A"
    with pytest.raises(StreamError, match="line 2"):
        next(lines)
