"""A file's content is sent unchanged in every format; errors name their position."""

import gzip
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import ROWS_AT_A_TIME
from fraudstream.domain.transaction import Transaction
from producer.dataset import write_dataset
from producer.simulation import LabelledTransaction, TrafficOptions, generate
from producer.source_files import (
    ending_of,
    file_items,
    file_records,
    labelled_file_items,
    truth_path,
)

OPTIONS = TrafficOptions(seed=3, accounts=50, start_ms=1_767_571_200_000, fraud_share=0.2)


def made(count: int) -> list[LabelledTransaction]:
    return list(islice(generate(OPTIONS), count))


def written(path: Path, lines: list[bytes]) -> Path:
    data = b"\n".join(lines) + b"\n"
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def with_truth(folder: Path, ending: str, count: int) -> Path:
    path = folder / f"data{ending}"
    if ending == ".parquet":
        assert list(write_dataset(OPTIONS, count, path, "parquet"))
        return path
    written(truth_path(path), [label.to_json() for _, label in made(count)])
    return written(path, [transaction.to_json() for transaction, _ in made(count)])


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_a_files_lines_are_sent_unchanged(tmp_path: Path, ending: str) -> None:
    path = written(
        tmp_path / f"some{ending}", [b'{"account_id": "A", "x":1}', b"", b'  {"account_id":"B"}  ']
    )
    assert list(file_records(path)) == [(b'{"account_id": "A", "x":1}', "A"), (b'{"account_id":"B"}', "B")]


def test_a_parquet_files_rows_are_its_transactions_over_several_batches(tmp_path: Path) -> None:
    count = ROWS_AT_A_TIME + 10
    records = list(file_records(with_truth(tmp_path, ".parquet", count)))
    expected = [transaction for transaction, _ in made(count)]
    assert [Transaction.from_json(record.data) for record in records] == expected
    assert [record.partition_key for record in records] == [each.account_id for each in expected]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Ho_Chi_Minh"])
def test_a_parquet_time_without_a_zone_is_utc(tmp_path: Path, zone: str | None) -> None:
    path = tmp_path / "some.parquet"
    times = pa.array([1_767_200_400_123], pa.timestamp("ms", zone))
    pq.write_table(pa.table({"account_id": ["A"], "event_time": times}), path)
    (record,) = file_records(path)
    assert orjson.loads(record.data) == {"account_id": "A", "event_time": "2025-12-31T17:00:00.123Z"}
    assert [item.event_time_ms for item in file_items(path)] == [1_767_200_400_123]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_a_label_file_provides_the_labels_of_its_transactions(tmp_path: Path, ending: str) -> None:
    items = list(labelled_file_items(with_truth(tmp_path, ending, 40)))
    assert [item.labelled for item in items] == made(40)
    assert [item.event_time_ms for item in items] == [tx.event_time_ms for tx, _ in made(40)]
    assert {item.kind for item in items} == {"good"}


def test_without_a_label_file_a_record_has_its_time_and_a_broken_one_has_none(tmp_path: Path) -> None:
    lines = [
        made(1)[0].transaction.to_json(),
        b'{"account_id":"A","event_time":"soon"}',
        b'{"account_id":"B"}',
    ]
    items = list(file_items(written(tmp_path / "some.jsonl", lines)))
    assert [item.event_time_ms for item in items] == [made(1)[0].transaction.event_time_ms, None, None]
    assert [item.labelled for item in items] == [None] * 3
    assert [item.record.data for item in items] == lines


@pytest.mark.parametrize("line", [b"{", b"[1]", b"{}", b'{"account_id": 7}', b'{"account_id": ""}'])
def test_a_line_without_an_account_is_reported_by_its_number(tmp_path: Path, line: bytes) -> None:
    path = written(tmp_path / "some.jsonl", [orjson.dumps({"account_id": "A"}), line])
    for read in (file_records, file_items):
        with pytest.raises(ArchiveError, match=r"some\.jsonl, line 2: "):
            list(read(path))


def test_a_parquet_row_without_an_account_is_reported_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    pq.write_table(pa.table({"account_id": ["A", None]}), path)
    with pytest.raises(ArchiveError, match=r"some\.parquet, row 2: no account_id"):
        list(file_records(path))


@pytest.mark.parametrize(("ending", "kind"), [(".parquet", "Parquet"), (".jsonl.gz", "gzip")])
def test_a_file_that_contradicts_its_suffix_is_rejected(tmp_path: Path, ending: str, kind: str) -> None:
    path = tmp_path / f"some{ending}"
    path.write_bytes(b'{"account_id":"A"}\n')
    with pytest.raises(ArchiveError, match=f"is not a complete {kind} file "):
        list(file_records(path))


def test_a_truncated_gzip_file_is_rejected_after_its_content(tmp_path: Path) -> None:
    path = written(tmp_path / "some.jsonl.gz", [b'{"account_id":"A"}'] * 3)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ArchiveError, match="is not a complete gzip file"):
        list(file_records(path))


def test_labels_in_another_order_are_rejected(tmp_path: Path) -> None:
    path = with_truth(tmp_path, ".jsonl", 3)
    written(truth_path(path), [label.to_json() for _, label in reversed(made(3))])
    with pytest.raises(
        ArchiveError, match=r"data\.truth\.jsonl, line 1 has the label of .* line 1 has .*same order"
    ):
        list(labelled_file_items(path))


@pytest.mark.parametrize("rows", [2, 4])
def test_labels_of_another_length_are_rejected(tmp_path: Path, rows: int) -> None:
    path = with_truth(tmp_path, ".jsonl", 3)
    written(truth_path(path), [label.to_json() for _, label in made(rows)])
    items = labelled_file_items(path)
    assert len(list(islice(items, min(rows, 3)))) == min(rows, 3)
    with pytest.raises(ArchiveError, match=f"line {max(rows, 3)}: .* differ in length"):
        next(items)


@pytest.mark.parametrize(("place", "what"), [(0, "transaction"), (1, "label")])
def test_an_invalid_row_is_rejected_if_labels_accompany_it(tmp_path: Path, place: int, what: str) -> None:
    path = with_truth(tmp_path, ".jsonl", 1)
    written((path, truth_path(path))[place], [b'{"account_id":"A"}'])
    with pytest.raises(ArchiveError, match=rf"line 1: the job would refuse this {what} \(missing_field\)"):
        list(labelled_file_items(path))


@pytest.mark.parametrize(
    ("name", "ending", "truth"),
    [
        ("a.jsonl", ".jsonl", "a.truth.jsonl"),
        ("a.b.jsonl.gz", ".jsonl.gz", "a.b.truth.jsonl.gz"),
        ("a.parquet", ".parquet", "a.truth.parquet"),
    ],
)
def test_the_name_determines_the_format_and_the_label_file(name: str, ending: str, truth: str) -> None:
    assert ending_of(Path("x") / name) == ending
    assert truth_path(Path("x") / name) == Path("x") / truth


@pytest.mark.parametrize("name", ["a.csv", "a.gz", "jsonl", "a.parquet.gz"])
def test_other_suffixes_have_no_format(name: str) -> None:
    assert ending_of(Path(name)) is None
