"""Columns of a file: present, null, and unreadable."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_columns import read_columns


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "cut.parquet"])
def test_a_truncated_file_is_rejected(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(b'{"id": "t"}\n' * 100))
    else:
        pq.write_table(pa.table({"id": ["t"] * 100}), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(
        ArchiveError, match=rf"{name} is not a complete (gzip|Parquet) file \(.*give it as \.jsonl"
    ):
        read_columns(path, {"id": "text"})


def test_lines_that_the_job_rejects_are_null_or_dropped(tmp_path: Path) -> None:
    path = tmp_path / "transactions.jsonl"
    path.write_bytes(
        b'{"id": 7, "amount": "1", "time": "now", "fraud": 1}\n'
        b"{broken\n"
        b"[1]\n"
        b'{"id": "t", "amount": true, "time": 5, "fraud": "true"}\n'
        b'{"id": "t", "amount": 5, "time": "1970-01-01t00:00:01.0029z", "fraud": true}\n'
    )
    table = read_columns(path, {"id": "text", "amount": "number", "time": "time", "fraud": "flag"})
    assert table.to_pydict() == {
        "id": [None, "t", "t"],
        "amount": [None, None, 5.0],
        "time": [None, None, 1_002],
        "fraud": [None, None, True],
    }


@pytest.mark.parametrize(
    "times",
    [
        pa.array(["1970-01-01T00:00:01.0029Z"]),
        pa.array([1_002_900], pa.timestamp("us")),
        pa.array([1_002_900], pa.timestamp("us", "Asia/Ho_Chi_Minh")),
    ],
)
def test_a_column_of_times_may_be_text_or_timestamps(tmp_path: Path, times: pa.Array) -> None:
    pq.write_table(pa.table({"time": times, "amount": pa.array([7])}), tmp_path / "t.parquet")
    table = read_columns(tmp_path / "t.parquet", {"time": "time", "amount": "number", "other": "flag"})
    assert table.to_pydict() == {"time": [1_002], "amount": [7.0], "other": [None]}
