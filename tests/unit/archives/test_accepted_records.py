"""Columns of the records that the job accepts, from every kind of file."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import read_lines
from fraudstream.domain.record_gate import RefusedRecordError, label_values, transaction_values
from fraudstream.domain.transaction import Label, Transaction
from tests.conformance.conformance_table import ACCEPTED, table
from tests.fuzz_budget import examples

TIME = 1_767_323_045_678
GOOD = {"transaction_id": "T", "account_id": "A", "transaction_amount_vnd": 1.5, "event_time": TIME}
LABEL = {"transaction_id": "T", "account_id": "A", "event_time": TIME, "available_at": TIME, "is_fraud": True}
TYPES = {
    "event_time": pa.timestamp("ms", "UTC"),
    "available_at": pa.timestamp("ms", "UTC"),
    "transaction_amount_vnd": pa.float64(),
    "latitude": pa.float64(),
    "num_transactions": pa.int64(),
    "is_fraud": pa.bool_(),
    "npl_flag": pa.bool_(),
}


def written(path: Path, rows: list[dict[str, Any]], **types: pa.DataType) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = {
        name: pa.array([row.get(name) for row in rows], types.get(name, TYPES.get(name, pa.string())))
        for name in names
    }
    pq.write_table(pa.table(arrays), path, version="2.6")
    return path


@pytest.mark.parametrize("kind", ["transaction", "label"])
def test_of_json_lines_those_are_accepted_that_the_table_names(tmp_path: Path, kind: str) -> None:
    rows = [
        row for row in table(kind) if b"\n" not in row.data and row.data.strip() and b"} {" not in row.data
    ]
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"".join(row.data + b"\n" for row in rows))
    accepted = [row for row in rows if row.outcome == ACCEPTED]
    read = read_accepted(path, Transaction if kind == "transaction" else Label, ("account_id",))
    assert len(read.table) == len(accepted)
    assert read.refused.counts.total() == len(rows) - len(accepted)


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "cut.parquet"])
def test_a_truncated_file_is_rejected(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(b'{"id": "t"}\n' * 100))
    else:
        written(path, [GOOD] * 100)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(
        ArchiveError, match=rf"{name} is not a complete (gzip|Parquet) file \(.*give it as \.jsonl"
    ):
        read_accepted(path, Transaction, ("transaction_id",))


@pytest.mark.parametrize(
    "times",
    [
        pa.array(["1970-01-01T00:00:01.0029Z"]),
        pa.array([1_002_900], pa.timestamp("us")),
        pa.array([1_002_900], pa.timestamp("us", "Asia/Ho_Chi_Minh")),
        pa.array([1_002_900_000], pa.timestamp("ns")),
    ],
)
def test_a_column_of_times_may_be_text_or_timestamps(tmp_path: Path, times: pa.Array) -> None:
    rows = {name: pa.array([value]) for name, value in GOOD.items()} | {"event_time": times}
    pq.write_table(pa.table(rows), tmp_path / "t.parquet", version="2.6")
    read = read_accepted(tmp_path / "t.parquet", Transaction, ("event_time", "latitude"))
    assert read.table.to_pydict() == {"event_time": [1_002], "latitude": [None]}


@pytest.mark.parametrize(
    "unusual",
    [
        {"account_id": None},
        {"account_id": "\u00a0"},
        {"account_id": " "},
        {"account_id": "Tài khoản"},
        {"account_id": "a" * 257},
        {"device_id": "a\u202e"},
        {"city": "Hà Nội"},
        {"city": "é" * 200},
        {"city": "\N{GRINNING FACE}" * 129},
        {"transaction_amount_vnd": 0.0},
        {"transaction_amount_vnd": float("nan")},
        {"latitude": float("inf")},
        {"latitude": 91.0},
        {"num_transactions": 2**31},
        {"npl_flag": False},
        {"event_time": -62_135_596_800_001},
        {"event_time": 253_370_764_800_000},
        {"event_time": None},
    ],
    ids=str,
)
def test_a_row_of_parquet_is_accepted_or_refused_as_the_json_that_the_job_reads(
    tmp_path: Path, unusual: dict[str, Any]
) -> None:
    rows = [GOOD | {"transaction_id": "first"}, GOOD | {"transaction_id": "x"} | unusual, GOOD]
    path = written(tmp_path / "t.parquet", rows)
    expected, reasons = [], []
    for line in read_lines(path, Transaction):
        try:
            expected.append(transaction_values(line))
        except RefusedRecordError as refused:
            reasons.append(refused.reason)
    names = tuple(GOOD | unusual)
    read = read_accepted(path, Transaction, names)
    assert [row["transaction_id"] for row in expected] == ["first", *["x"] * (not reasons), "T"]
    assert read.table.to_pylist() == [{name: row.get(name) for name in names} for row in expected]
    assert list(read.refused.counts) == reasons


@given(st.lists(st.tuples(st.integers(-2, 2), st.booleans() | st.none(), st.booleans()), max_size=8))
@examples(30)
def test_labels_of_parquet_keep_their_order_and_the_jobs_rules(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, bool | None, bool]]
) -> None:
    rows = [
        LABEL
        | {"transaction_id": f"T{place}", "available_at": TIME + later_ms, "is_fraud": fraud}
        | {"account_id": "Tài" if is_unusual else "A"}
        for place, (later_ms, fraud, is_unusual) in enumerate(drawn)
    ]
    path = written(tmp_path_factory.mktemp("labels") / "l.parquet", rows or [LABEL])
    expected = []
    for line in read_lines(path, Label):
        try:
            expected.append(label_values(line)["transaction_id"])
        except RefusedRecordError:
            continue
    assert read_accepted(path, Label, ("transaction_id",)).table["transaction_id"].to_pylist() == expected


def test_columns_of_other_types_are_judged_as_the_job_judges_them(tmp_path: Path) -> None:
    """A number as an id is refused, as in the job; an amount may be a decimal or an integer."""
    path = written(tmp_path / "t.parquet", [GOOD | {"account_id": 7}], account_id=pa.int64())
    read = read_accepted(path, Transaction, ("account_id",))
    assert (len(read.table), dict(read.refused.counts)) == (0, {"wrong_type": 1})
    assert "account_id is '7'; it must be a string" in str(read.refused)
    amounts = [GOOD | {"transaction_amount_vnd": 3}]
    for kind in (pa.decimal128(20, 2), pa.int32(), pa.float32()):
        path = written(tmp_path / "t.parquet", amounts, transaction_amount_vnd=kind)
        assert read_accepted(path, Transaction, ("transaction_amount_vnd",)).table.to_pylist() == [
            {"transaction_amount_vnd": 3.0}
        ]


def test_a_label_of_the_distant_future_that_spark_wrote_stays_there(tmp_path: Path) -> None:
    """As nanoseconds, the year 9999 would be 1816, and the label known from the beginning."""
    row = LABEL | {"available_at": None}
    table_ = pa.table({name: pa.array([value]) for name, value in row.items()})
    far = pa.array([253_402_214_400_000_000], pa.timestamp("us"))
    table_ = table_.set_column(table_.column_names.index("available_at"), "available_at", far)
    near = pa.array([TIME], pa.timestamp("ms"))
    table_ = table_.set_column(table_.column_names.index("event_time"), "event_time", near)
    pq.write_table(table_, tmp_path / "l.parquet", use_deprecated_int96_timestamps=True)
    read = read_accepted(tmp_path / "l.parquet", Label, ("available_at",))
    assert (len(read.table), dict(read.refused.counts)) == (0, {"invalid_time": 1})
    (line,) = read_lines(tmp_path / "l.parquet", Label)
    assert "1816" not in orjson.loads(line)["available_at"]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("event_time", pa.array([1, 2, None], pa.date32())),
        ("transaction_amount_vnd", pa.array([2**64 - 1, 5, None], pa.uint64())),
        ("npl_flag", pa.array([None, {"x": 1}, None])),
        ("status", pa.array([None, None, None], pa.list_(pa.int64()))),
        ("latitude", pa.array([None, 1, None], pa.duration("s"))),
        ("latitude", pa.array([None, 1, None], pa.time32("s"))),
        ("account_id", pa.array([b"A", b"\xff", None])),
        ("num_transactions", pa.array([True, None, False])),
    ],
    ids=lambda each: str(each.type) if isinstance(each, pa.Array) else each,
)
def test_a_column_of_any_type_is_read_as_by_the_job(tmp_path: Path, column: str, values: pa.Array) -> None:
    arrays = {name: pa.array([value] * 3, TYPES.get(name, pa.string())) for name, value in GOOD.items()}
    pq.write_table(pa.table(arrays | {column: values}), tmp_path / "t.parquet", version="2.6")
    expected = []
    for line in read_lines(tmp_path / "t.parquet", Transaction):
        try:
            expected.append(transaction_values(line).get(column))
        except RefusedRecordError:
            continue
    assert read_accepted(tmp_path / "t.parquet", Transaction, (column,)).table[column].to_pylist() == expected
