"""A small Parquet file of many rows, which take no space in it, does not fill the memory."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archives import parquet_limits
from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import opened_parquet
from fraudstream.archives.record_files import read_rows
from fraudstream.domain.transaction import Label
from fraudstream.scoring.manifest import ModelError
from models.data.feature_arrays import read_keys

READERS: dict[str, Callable[[Path], object]] = {
    "rows": lambda path: list(read_rows(path)),
    "columns": lambda path: read_accepted(path, Label, ("transaction_id", "is_fraud")),
    "keys of features": read_keys,
}


def write_constants(path: Path, rows: int, groups: int) -> Path:
    """Write records of equal ids, which take no space in the file."""
    ids = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array(["t"]))
    table = pa.table({"transaction_id": ids, "account_id": ids, "is_fraud": [True] * rows})
    # In 2021; a constant takes no space in the file either.
    times = pa.array([1_610_000_000_000] * rows, pa.timestamp("ms"))
    table = table.append_column("event_time", times).append_column("available_at", times)
    with pq.ParquetWriter(path, table.schema, compression="zstd", data_page_size=2**26) as writer:
        for _ in range(groups):
            writer.write_table(table)
    return path


@pytest.mark.parametrize("reader", READERS)
def test_a_small_file_of_millions_of_rows_is_refused(tmp_path: Path, reader: str) -> None:
    path = write_constants(tmp_path / "in.parquet", 2**21, 4)
    assert path.stat().st_size < 10_000
    with pytest.raises((ArchiveError, ModelError), match="has 8,388,608 values of a column in a file of"):
        READERS[reader](path)


def test_values_that_the_size_of_a_file_explains_are_read(tmp_path: Path) -> None:
    path = write_constants(tmp_path / "in.parquet", 2**19, 2)
    assert len(read_accepted(path, Label, ("transaction_id",)).table) == 2**20


def test_values_that_are_read_at_once_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a.b": [1] * 4, "c": [[1, 2]] * 4, "d": [1] * 4}), path, row_group_size=2)
    monkeypatch.setattr(parquet_limits, "MAX_READ_BYTES", 64)
    with opened_parquet(path) as file:
        assert [len(group) for group in file.row_groups(["a.b", "c"])] == [2, 2]
        assert len(file.columns(["a.b", "d"])) == 4
        with pytest.raises(ArchiveError, match="has values of 96 bytes to read at once; at most 64 are read"):
            file.columns(["a.b", "c"])
        monkeypatch.setattr(parquet_limits, "MAX_READ_BYTES", 63)
        assert len(next(file.row_groups(["a.b", "c"]))) == 2
        monkeypatch.setattr(parquet_limits, "MAX_READ_BYTES", 47)
        with pytest.raises(ArchiveError, match="smaller row groups of features"):
            next(file.row_groups(["a.b", "c"]))
