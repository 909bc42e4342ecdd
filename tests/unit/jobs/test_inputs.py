"""The lines that bounded mode reads: from each kind of file, with labels put in their places."""

import gzip
import tempfile
from contextlib import nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from fraudstream.archives.record_files import read_lines
from fraudstream.domain.reference import merge_labels
from fraudstream.domain.transaction import Label, Transaction
from jobs.inputs import LABEL, TRANSACTION, InputError, merge_lines, source_lines
from jobs.job_settings import JobSettings
from jobs.running import JobFailedError
from tests.strategies import START_MS, arrivals

TIME = "2026-01-02T03:04:05.678Z"
LINES = [b'{"transaction_id": "t1"}', b"", b"\xff no json", b'{"transaction_id": "t2"}\r']


def transaction(id_: str, time_ms: int) -> Transaction:
    return Transaction(transaction_id=id_, event_time_ms=time_ms, account_id="a", transaction_amount_vnd=1.0)


def label(id_: str, available_at_ms: int, *, is_fraud: bool = True) -> Label:
    return Label(
        transaction_id=id_,
        account_id="a",
        event_time_ms=available_at_ms,
        available_at_ms=available_at_ms,
        is_fraud=is_fraud,
    )


def write(path: Path, lines: list[bytes]) -> Path:
    data = b"".join(line + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def settings(folder: Path, **files: Path) -> JobSettings:
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    return JobSettings.load([*options, "--features-out", str(folder / "out.jsonl")], env_file=None)


# ---- where labels stand ----


def merged(transactions: list[bytes], labels: list[bytes]) -> list[bytes]:
    return list(merge_lines(transactions, labels))


def test_a_label_stands_just_before_the_first_transaction_that_it_is_known_to() -> None:
    t1, t2, t3 = (transaction(f"t{ms}", ms).to_json() for ms in (1_000, 2_000, 3_000))
    early, tied, late = (label(f"t{ms}", ms).to_json() for ms in (999, 2_000, 3_001))
    assert merged([t1, t2, t3], [late, tied, early]) == [
        *(LABEL + early, TRANSACTION + t1),
        *(LABEL + tied, TRANSACTION + t2),
        *(TRANSACTION + t3, LABEL + late),
    ]


def test_labels_of_one_time_keep_the_order_of_their_file() -> None:
    said = label("t", 1_000).to_json()
    taken_back = label("t", 1_000, is_fraud=False).to_json()
    (at_hand,) = [transaction("t", 1_000).to_json()]
    expected = [LABEL + said, LABEL + taken_back, TRANSACTION + at_hand]
    assert merged([at_hand], [said, taken_back]) == expected
    assert merged([at_hand], [taken_back, said]) != expected


@given(drawn=arrivals(max_size=12))
def test_whole_lines_are_put_together_as_the_reference_puts_them(drawn: list[Transaction | Label]) -> None:
    transactions = [each for each in drawn if isinstance(each, Transaction)]
    labels = [each for each in drawn if isinstance(each, Label)]
    lines = merged([each.to_json() for each in transactions], [each.to_json() for each in labels])
    expected = merge_labels(transactions, labels)
    assert lines == [
        (LABEL if isinstance(each, Label) else TRANSACTION) + each.to_json() for each in expected
    ]


BROKEN = [b"", b"{", b"[]", b"7", b'"x"', b"\xff", b"{}", b'{"event_time": 5, "available_at": 5}']


@pytest.mark.parametrize("line", [*BROKEN, b'{"event_time": "soon", "available_at": "2026-01-02T03:04:05"}'])
def test_a_label_without_a_time_comes_first_and_a_transaction_without_one_waits_for_no_label(
    line: bytes,
) -> None:
    whole = transaction("t", 2_000).to_json()
    known = label("t", 1_000).to_json()
    assert merged([line, whole], [known, line]) == [
        *(LABEL + line, TRANSACTION + line),
        *(LABEL + known, TRANSACTION + whole),
    ]


def test_a_time_may_have_small_letters_and_an_offset() -> None:
    first, second = (
        orjson.dumps({"event_time": text}) for text in ("1970-01-01t00:00:01z", "1970-01-01T07:00:02+07:00")
    )
    known = orjson.dumps({"available_at": "1970-01-01t00:00:02z"})
    assert merged([first, second], [known]) == [TRANSACTION + first, LABEL + known, TRANSACTION + second]


# ---- which file is read ----


def test_without_a_source_there_are_no_lines() -> None:
    with source_lines(JobSettings.load(env_file=None)) as lines:
        assert lines is None


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_lines_without_labels_are_read_where_they_are(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / name, LINES)
    with source_lines(settings(tmp_path, source=source)) as lines:
        assert lines == source


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
@pytest.mark.parametrize("labels_name", ["labels.jsonl", "labels.jsonl.gz"])
def test_with_labels_a_temporary_file_has_each_line_as_it_was(
    tmp_path: Path, name: str, labels_name: str
) -> None:
    source = write(tmp_path / name, LINES)
    known = label("t1", START_MS).to_json()
    labels = write(tmp_path / labels_name, [known, b"", b"\xff"])
    with source_lines(settings(tmp_path, source=source, labels=labels)) as lines:
        assert lines
        found = lines.read_bytes()
    expected = [LABEL, LABEL + b"\xff", *(TRANSACTION + line for line in LINES), LABEL + known]
    assert found == b"".join(line + b"\n" for line in expected)
    assert not lines.exists()


def fail(given: JobSettings, cause: str) -> None:
    """Let the job that reads the lines fail."""
    with source_lines(given):
        raise JobFailedError(cause)


def test_the_temporary_file_is_gone_after_a_failure_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = write_parquet(tmp_path / "in.parquet", transaction_id=["t"])
    with pytest.raises(JobFailedError, match="out of memory"):
        fail(settings(tmp_path, source=source), "out of memory")
    assert list(tmp_path.iterdir()) == [source]


def test_a_temporary_file_that_finds_no_room_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_parquet(tmp_path / "in.parquet", transaction_id=["t"])
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **_: nullcontext("/no/such/folder"))
    with pytest.raises(InputError) as refused, source_lines(settings(tmp_path, source=source)):
        pass
    assert f"/no/such/folder/lines.jsonl, a copy of {source}, can't be written" in str(refused.value)
    assert "set TMPDIR to a folder with room" in str(refused.value)


# ---- broken files ----


def broken_gzip(folder: Path, data: bytes) -> Path:
    path = folder / "in.jsonl.gz"
    path.write_bytes(data)
    return path


WHOLE = gzip.compress(b"".join(b"%d\n" % number for number in range(1_000)), mtime=0)
NO_GZIP = [b"", b"{}", b"\n" * 30, WHOLE[:-1], WHOLE[:100], WHOLE[:9], WHOLE[:-8] + bytes(8), WHOLE + b"more"]


@pytest.mark.parametrize("data", NO_GZIP)
def test_a_broken_gzip_file_is_named_with_the_remedy(tmp_path: Path, data: bytes) -> None:
    path = broken_gzip(tmp_path, data)
    with pytest.raises(InputError) as refused:
        list(read_lines(path, Transaction))
    assert str(refused.value).startswith(f"{path} is no whole gzip file (")
    assert str(refused.value).endswith("; compress it again, or give it as .jsonl")


def test_a_gzip_file_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    path = broken_gzip(tmp_path, gzip.compress(b"1\n2") + gzip.compress(b"\n3\n"))
    assert list(read_lines(path, Transaction)) == [b"1", b"2", b"3"]


def test_a_job_that_fails_over_a_broken_gzip_file_says_so(tmp_path: Path) -> None:
    source = broken_gzip(tmp_path, WHOLE[:-1])
    with pytest.raises(InputError, match="is no whole gzip file"):
        fail(settings(tmp_path, source=source), "java.io.EOFException")


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_a_job_that_fails_over_something_else_keeps_its_error(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / name, LINES)
    with pytest.raises(JobFailedError, match="out of memory"):
        fail(settings(tmp_path, source=source), "out of memory")


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl can't be read \(.*No such file"):
        list(read_lines(tmp_path / "gone.jsonl", Transaction))


# ---- Parquet ----


def write_parquet(path: Path, **columns: Any) -> Path:  # noqa: ANN401 - a column of any kind
    """Write a file with the columns that a transaction needs, and others."""
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


def test_rows_come_in_their_order_with_nulls_as_nulls(tmp_path: Path) -> None:
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
def test_a_time_of_each_type_is_that_moment_cut_to_milliseconds(tmp_path: Path, column: pa.Array) -> None:
    path = write_parquet(tmp_path / "in.parquet", event_time=column)
    (line,) = read_lines(path, Transaction)
    assert orjson.loads(line)["event_time"] == TIME
    assert merged([line], [label("t", Transaction.from_json(line).event_time_ms).to_json()])[0][:1] == LABEL


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
def test_a_column_of_each_type_has_a_form_in_json(tmp_path: Path, column: pa.Array, expected: object) -> None:
    ((record),) = records(write_parquet(tmp_path / "in.parquet", other=column))
    assert record["other"] == expected


def test_a_file_without_rows_has_no_lines(tmp_path: Path) -> None:
    assert records(write_parquet(tmp_path / "in.parquet", transaction_id=pa.array([], pa.string()))) == []


@pytest.mark.parametrize("column", ["transaction_id", "event_time", "account_id", "transaction_amount_vnd"])
def test_a_transaction_file_without_a_column_that_it_needs_is_refused(tmp_path: Path, column: str) -> None:
    path = write_parquet(tmp_path / "in.parquet", status=["completed"])
    pq.write_table(pq.read_table(path).drop([column]), path)
    with pytest.raises(InputError) as refused:
        list(read_lines(path, Transaction))
    assert str(refused.value).startswith(
        f"{path} has no column {column}, which every transaction needs; it has "
    )
    assert "status: rename or add columns" in str(refused.value)


def test_a_label_file_needs_the_columns_of_a_label(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column available_at, is_fraud, which every label needs"):
        list(read_lines(write_parquet(tmp_path / "labels.parquet", city=["Huế"]), Label))


def test_a_broken_parquet_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in.parquet", city=["Huế"] * 1_000)
    whole = path.read_bytes()
    for data in (b"", b"{}", whole[:-1], whole.replace("Huế".encode(), b"Hu\xff\xff\xff")):
        path.write_bytes(data)
        with pytest.raises(InputError) as refused:
            list(read_lines(path, Transaction))
        assert str(refused.value).startswith(f"{path} is no whole Parquet file (")
        assert str(refused.value).endswith("; write it again, or give it as .jsonl")


def test_damaged_pages_of_a_parquet_file_are_named(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in.parquet", num_transactions=list(range(10_000)))
    whole = path.read_bytes()
    path.write_bytes(whole[:1_000] + b"\xff" * 3_000 + whole[4_000:])
    with pytest.raises(InputError, match=r"in\.parquet"):
        list(read_lines(path, Transaction))
