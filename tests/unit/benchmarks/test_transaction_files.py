"""The benchmark's files: generated ones and redistributed ones."""

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import orjson
import pytest

from benchmarks.errors import StoppedError
from benchmarks.transaction_files import (
    HOT_ACCOUNT,
    TransactionFiles,
    count_lines,
    hot_key_lines,
    spread_account,
    spread_lines,
)


def accounts(lines: Iterable[bytes]) -> Counter[str]:
    return Counter(orjson.loads(line)["account_id"] for line in lines)


def lines(count: int) -> list[bytes]:
    return [
        b'{"transaction_id":"T%d","account_id":"A%d"}\n' % (number, number % 7) for number in range(count)
    ]


@pytest.fixture
def files(tmp_path: Path) -> TransactionFiles:
    return TransactionFiles(tmp_path, threading.Event())


def test_the_hot_account_has_exactly_a_quarter() -> None:
    assert accounts(hot_key_lines(lines(1_000)))[HOT_ACCOUNT] == 250


def test_the_others_keep_their_account() -> None:
    moved = list(hot_key_lines(lines(1_000)))
    assert [new for number, new in enumerate(moved) if number % 4] == [
        old for number, old in enumerate(lines(1_000)) if number % 4
    ]


def test_a_million_transactions_reach_a_million_accounts() -> None:
    assert len({spread_account(number, 1_000_000) for number in range(1_000_000)}) == 1_000_000


def test_a_spread_gives_every_account_the_same_number() -> None:
    assert set(accounts(spread_lines(lines(30_000), accounts=10_000)).values()) == {3}


def test_a_spread_changes_only_the_account() -> None:
    spread = [orjson.loads(line) for line in spread_lines(lines(50), accounts=10)]
    assert [record["transaction_id"] for record in spread] == [f"T{number}" for number in range(50)]


def test_generated_files_are_reproducible_with_a_label_for_each_line(
    files: TransactionFiles, tmp_path: Path
) -> None:
    path, truth = files.generated(500)
    first = path.read_bytes()
    assert len(np.load(truth)) == count_lines([path]) == 500
    again, _ = TransactionFiles(tmp_path / "again", threading.Event()).generated(500)
    assert again.read_bytes() == first


def test_an_existing_file_is_not_written_again(files: TransactionFiles) -> None:
    path, _ = files.generated(10)
    path.write_bytes(b"mine\n")
    assert files.generated(10)[0].read_bytes() == b"mine\n"


def test_a_prefix_has_the_first_lines(files: TransactionFiles) -> None:
    source, _ = files.generated(100)
    assert files.first(source, 10).read_bytes().splitlines() == source.read_bytes().splitlines()[:10]


def test_a_stop_leaves_no_file(files: TransactionFiles, tmp_path: Path) -> None:
    files.stop.set()
    with pytest.raises(StoppedError):
        files.generated(10)
    assert list(tmp_path.iterdir()) == []
