"""The records of each file format, and errors of broken files."""

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archives import record_files
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_escape import PREFIX, as_line
from fraudstream.archives.record_files import read_lines, read_rows
from fraudstream.domain.transaction import Label, Transaction

TIME = "2026-01-02T03:04:05.678Z"

# ---- escaped records ----

BINARY = [b"\xff\n{}", b"", b"}{\n", PREFIX]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_escaped_records_are_their_bytes_to_every_reader(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    pack = gzip.compress if name.endswith(".gz") else bytes
    path.write_bytes(pack(b"".join(as_line(record) + b"\n" for record in [b"{}", *BINARY])))
    assert list(read_lines(path, Transaction)) == [b"{}", *BINARY]
    assert list(read_rows(path)) == [b"{}", *BINARY]


def test_escaped_records_between_objects_without_a_line_feed_are_found(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"a":1}' + as_line(b"\xff\n") + b'{"b":2}')
    assert list(read_lines(path, Transaction)) == [b'{"a":1}', b"\xff\n", b'{"b":2}']


# ---- broken files ----


def broken_gzip(folder: Path, data: bytes) -> Path:
    path = folder / "in.jsonl.gz"
    path.write_bytes(data)
    return path


WHOLE = gzip.compress(b"".join(b"%d\n" % number for number in range(1_000)), mtime=0)
NO_GZIP = [b"", b"{}", b"\n" * 30, WHOLE[:-1], WHOLE[:100], WHOLE[:9], WHOLE[:-8] + bytes(8), WHOLE + b"more"]


@pytest.mark.parametrize("data", NO_GZIP)
def test_a_broken_gzip_file_is_reported_with_the_fix(tmp_path: Path, data: bytes) -> None:
    path = broken_gzip(tmp_path, data)
    with pytest.raises(ArchiveError) as refused:
        list(read_lines(path, Transaction))
    assert str(refused.value).startswith(f"{path} is not a complete gzip file (")
    assert str(refused.value).endswith("; compress it again, or give it as .jsonl")


def test_a_gzip_file_with_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    path = broken_gzip(tmp_path, gzip.compress(b"1\n2") + gzip.compress(b"\n3\n"))
    assert list(read_lines(path, Transaction)) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_a_line_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(record_files, "MAX_LINE_BYTES", 1_000)
    path = tmp_path / name
    pack = gzip.compress if name.endswith(".gz") else bytes
    whole = [b"1", b"x" * 1_000]
    path.write_bytes(pack(b"\n".join(whole)))
    assert list(read_lines(path, Transaction)) == whole
    path.write_bytes(pack(b"1\n" + b"x" * 1_001))
    with pytest.raises(ArchiveError) as refused:
        list(read_lines(path, Transaction))
    assert str(refused.value) == f"{path}, line 2 has over 1,000 bytes; end each record by a line feed"


def test_a_deleted_file_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"gone\.jsonl can't be read \(.*No such file"):
        list(read_lines(tmp_path / "gone.jsonl", Transaction))


# ---- Parquet ----


def write_parquet(path: Path, **columns: Any) -> Path:  # noqa: ANN401 - a column of any kind
    """Write a file with the columns of a transaction, and others."""
    (rows,) = {len(column) for column in columns.values()}
    needed = {
        "transaction_id": [f"t{row}" for row in range(rows)],
        "event_time": [TIME] * rows,
        "account_id": ["a"] * rows,
        "transaction_amount_vnd": [1.0] * rows,
    }
    pq.write_table(pa.table(needed | columns), path)
    return path


def records(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in read_lines(path, Transaction)]


def test_rows_keep_their_order_and_nulls(tmp_path: Path) -> None:
    ids = [f"t{row}" for row in range(25_000)]
    amounts = pa.array([None if row % 3 else row for row in range(25_000)], pa.int32())
    found = records(write_parquet(tmp_path / "in.parquet", transaction_id=ids, total_loans_vnd=amounts))
    assert [record["transaction_id"] for record in found] == ids
    assert [record["total_loans_vnd"] for record in found] == amounts.to_pylist()


MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_999, tzinfo=UTC)
AT_A_TIME = MOMENT.replace(tzinfo=None)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([TIME]),
        pa.array([AT_A_TIME], pa.timestamp("ms"), safe=False),
        pa.array([AT_A_TIME], pa.timestamp("us")),
        pa.array([AT_A_TIME], pa.timestamp("ns")),
        pa.array([MOMENT], pa.timestamp("us", tz="UTC")),
        pa.array([MOMENT], pa.timestamp("ns", tz="UTC")),
        pa.array([MOMENT], pa.timestamp("us", tz="Asia/Ho_Chi_Minh")),
    ],
    ids=lambda column: str(column.type),
)
def test_a_time_of_each_type_is_truncated_to_milliseconds(tmp_path: Path, column: pa.Array) -> None:
    path = write_parquet(tmp_path / "in.parquet", event_time=column)
    (line,) = read_lines(path, Transaction)
    assert orjson.loads(line)["event_time"] == TIME


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([Decimal("1234567.89")], pa.decimal128(20, 2)), 1_234_567.89),
        (pa.array([1.5], pa.float32()), 1.5),
        (pa.array([2**62], pa.uint64()), 2**62),
        (pa.array([float("nan")]), None),
        (pa.array([True]), True),
        (pa.array(["Huế"]).dictionary_encode(), "Huế"),
        (pa.array(["Huế".encode()]), "Huế"),
        (pa.array([b"\xff"]), "\\xff"),
        (pa.array([date(2026, 1, 2)]), "2026-01-02"),
        (pa.array([AT_A_TIME]), TIME),
        (pa.array([[1, 2]]), [1, 2]),
        (pa.array([{"a": b"x"}]), {"a": "x"}),
        (pa.array([None]), None),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_column_of_each_type_has_a_json_form(tmp_path: Path, column: pa.Array, expected: object) -> None:
    (line,) = read_rows(write_parquet(tmp_path / "in.parquet", other=column))
    assert orjson.loads(line)["other"] == expected


def test_columns_that_the_job_ignores_are_not_read(tmp_path: Path) -> None:
    """Their values may have no form in Python."""
    far = pa.array([[2**62]], pa.list_(pa.timestamp("us")))
    (record,) = records(write_parquet(tmp_path / "in.parquet", valid_to=far))
    assert set(record) == {"transaction_id", "event_time", "account_id", "transaction_amount_vnd"}


def test_a_file_without_rows_has_no_lines(tmp_path: Path) -> None:
    assert records(write_parquet(tmp_path / "in.parquet", transaction_id=pa.array([], pa.string()))) == []


@pytest.mark.parametrize("column", ["transaction_id", "event_time", "account_id", "transaction_amount_vnd"])
def test_a_transaction_file_without_a_required_column_is_rejected(tmp_path: Path, column: str) -> None:
    path = write_parquet(tmp_path / "in.parquet", status=["completed"])
    pq.write_table(pq.read_table(path).drop([column]), path)
    with pytest.raises(ArchiveError) as refused:
        list(read_lines(path, Transaction))
    assert str(refused.value).startswith(
        f"{path} has no column {column}, which every transaction needs; it has "
    )
    assert "status: rename or add columns" in str(refused.value)


def test_a_label_file_needs_the_columns_of_a_label(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="has no column available_at, is_fraud, which every label needs"):
        list(read_lines(write_parquet(tmp_path / "labels.parquet", city=["Huế"]), Label))


def test_a_broken_parquet_file_is_reported_with_the_fix(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in.parquet", city=["Huế"] * 1_000)
    whole = path.read_bytes()
    for data in (b"", b"{}", whole[:-1], whole.replace("Huế".encode(), b"Hu\xff\xff\xff")):
        path.write_bytes(data)
        with pytest.raises(ArchiveError) as refused:
            list(read_lines(path, Transaction))
        assert str(refused.value).startswith(f"{path} is not a complete Parquet file (")
        assert str(refused.value).endswith("; write it again, or give it as .jsonl")


def test_corrupt_pages_of_a_parquet_file_are_reported(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in.parquet", num_transactions=list(range(10_000)))
    whole = path.read_bytes()
    path.write_bytes(whole[:1_000] + b"\xff" * 3_000 + whole[4_000:])
    with pytest.raises(ArchiveError, match=r"in\.parquet"):
        list(read_lines(path, Transaction))
