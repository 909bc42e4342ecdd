"""Every reader of records parses every notation of a time that the job accepts."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alerts.dead.record_repair import problem_with
from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_reader import archived_lines
from fraudstream.domain.record_gate import read_label, read_transaction
from fraudstream.domain.transaction import Label, Transaction
from jobs.connectors.source_lines import merge_lines
from jobs.job_settings import JobSettings
from producer.source_files import file_items, labelled_file_items, truth_path

TIME_MS: Final = 1_767_323_045_678
TIMES: Final = (
    "2026-01-02T03:04:05.678Z",
    "2026-01-02t03:04:05.678z",
    "2026-01-02T10:04:05.678+07",
    "2026-01-01t23:34:05.678999999-03:30",
    "2026-01-02T10:04:35.678+07:00:30",
)
ENDINGS: Final = (".jsonl", ".jsonl.gz", ".parquet")
Reader = Callable[[Path], object]


def transaction(time: str) -> dict[str, Any]:
    return {
        "transaction_id": "T",
        "event_time": time,
        "account_id": "A",
        "transaction_amount_vnd": 1.5,
    }


def label(time: str) -> dict[str, Any]:
    return {
        "transaction_id": "T",
        "account_id": "A",
        "event_time": time,
        "available_at": time,
        "is_fraud": True,
    }


def written(path: Path, record: dict[str, Any]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([record]), path)
    else:
        line = orjson.dumps(record) + b"\n"
        path.write_bytes(gzip.compress(line) if path.suffix == ".gz" else line)
    return path


def archived(path: Path) -> bytes:
    (line,) = archived_lines(path, JobSettings.load(env_file=None), Transaction)
    return line


def as_transaction(path: Path) -> object:
    return read_transaction(archived(path)).event_time_ms


def as_label(path: Path) -> object:
    (line,) = archived_lines(truth_path(path), JobSettings.load(env_file=None), Label)
    known = read_label(line)
    assert known.available_at_ms == known.event_time_ms
    return known.available_at_ms


def as_columns(path: Path) -> object:
    return read_accepted(path, Transaction, ("event_time",)).table["event_time"].to_pylist()[0]


def as_column_of_labels(path: Path) -> object:
    return read_accepted(truth_path(path), Label, ("available_at",)).table["available_at"].to_pylist()[0]


def as_item(path: Path) -> object:
    (item,) = file_items(path)
    return item.event_time_ms


def as_labelled_item(path: Path) -> object:
    (item,) = labelled_file_items(path)
    assert item.labelled
    assert item.labelled.label.available_at_ms == item.event_time_ms
    return item.event_time_ms


READERS: Final[tuple[Reader, ...]] = (
    as_transaction,
    as_label,
    as_columns,
    as_column_of_labels,
    as_item,
    as_labelled_item,
)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_each_file_reader_parses_the_time(tmp_path: Path, reader: Reader, time: str, ending: str) -> None:
    path = written(tmp_path / f"data{ending}", transaction(time))
    written(truth_path(path), label(time))
    assert reader(path) == TIME_MS


@pytest.mark.parametrize("time", TIMES)
def test_a_label_is_placed_by_its_time(time: str) -> None:
    lines = [orjson.dumps(transaction(each)) for each in ("2026-01-02T03:04:05.677Z", time)]
    known = orjson.dumps(label(time))
    assert list(merge_lines(lines, [known])) == [b"T" + lines[0], b"L" + known, b"T" + lines[1]]


@pytest.mark.parametrize("time", TIMES)
def test_a_dead_letter_with_the_time_can_be_redriven(time: str) -> None:
    assert problem_with(orjson.dumps(transaction(time))) is None


ODD_MEMOS: Final = ('"\\ud83d"', "1e999", '"\\ude00\\ud83d"', "[" * 400 + "]" * 400)


def with_memo(record: dict[str, Any], memo: str) -> bytes:
    return orjson.dumps(record)[:-1] + f', "memo": {memo}}}'.encode()


@pytest.mark.parametrize("memo", ODD_MEMOS, ids=lambda memo: memo[:12])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_each_file_reader_takes_what_the_job_ignores(tmp_path: Path, reader: Reader, memo: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(with_memo(transaction(TIMES[0]), memo) + b"\n")
    truth_path(path).write_bytes(b"\xef\xbb\xbf" + with_memo(label(TIMES[0]), memo) + b"\n")
    assert reader(path) == TIME_MS


@pytest.mark.parametrize("memo", ODD_MEMOS, ids=lambda memo: memo[:12])
def test_a_label_comes_before_a_transaction_with_fields_that_the_job_ignores(memo: str) -> None:
    """Otherwise its transaction would be counted without the fraud that was known before it."""
    early, late = (with_memo(transaction(time), memo) for time in ("2026-01-01T00:00:00Z", TIMES[0]))
    known = with_memo(label("2026-01-01T12:00:00Z"), memo)
    assert list(merge_lines([early, late], [known])) == [b"T" + early, b"L" + known, b"T" + late]
