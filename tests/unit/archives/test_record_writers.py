"""Record files are written atomically."""

import gzip
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_writers import parquet_written_whole, written_whole


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_a_file_gets_its_name_only_when_complete(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with written_whole(path) as file:
        file.write(b"1\n")
        assert not path.exists()
    data = path.read_bytes()
    assert (gzip.decompress(data) if name.endswith(".gz") else data) == b"1\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_a_file_is_private_to_its_owner_even_if_an_older_one_was_not(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for older in (path, tmp_path / f"{name}.part"):
        older.touch()
        older.chmod(0o644)
    if name.endswith(".parquet"):
        with parquet_written_whole(path, TABLE.schema) as writer:
            writer.write_table(TABLE)
    else:
        with written_whole(path) as file:
            file.write(b"1\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_lines_give_the_same_compressed_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "out.jsonl.gz", tmp_path / "b" / "out.jsonl.gz"]
    for path in paths:
        path.parent.mkdir()
        with written_whole(path) as file:
            file.write(b"1\n")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_failure_keeps_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old")

    def fail() -> None:
        with written_whole(path) as file:
            file.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_file_is_reported_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "out.jsonl"
    with (
        pytest.raises(ArchiveError, match=r"out\.jsonl can't be written \(.*free space on its disk, or use"),
        written_whole(path),
    ):
        pass


TABLE = pa.table({"n": [1, 2]})


def test_a_parquet_file_gets_its_name_only_when_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with parquet_written_whole(path, TABLE.schema) as writer:
        writer.write_table(TABLE)
        assert not path.exists()
    assert pq.read_table(path) == TABLE
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_no_partial_parquet_file(tmp_path: Path) -> None:
    def fail() -> None:
        with parquet_written_whole(tmp_path / "out.parquet", TABLE.schema) as writer:
            writer.write_table(TABLE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_parquet_file_is_reported_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "out.parquet"
    with pytest.raises(
        ArchiveError, match=r"out\.parquet can't be written \(.*free space on its disk, or use"
    ):
        parquet_written_whole(path, TABLE.schema).__enter__()


LIMIT_BYTES = 200_000
"""Size at which files can't grow any more, as on a full disk, while `full_disk` lasts."""
TOO_MUCH = os.urandom(2 * LIMIT_BYTES)


@contextmanager
def full_disk() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("too_large", ["labels", "transactions"])
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_full_disk_is_reported_for_the_file_that_it_stops(
    tmp_path: Path, too_large: str, suffix: str
) -> None:
    paths = {name: tmp_path / f"{name}{suffix}" for name in ("labels", "transactions")}
    with (
        full_disk(),
        pytest.raises(ArchiveError, match=f"{too_large}{suffix} can't be written"),
        written_whole(paths["labels"]) as labels,
        written_whole(paths["transactions"]) as transactions,
    ):
        {"labels": labels, "transactions": transactions}[too_large].writelines([TOO_MUCH])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("too_large", ["truth", "transactions"])
def test_a_full_disk_is_reported_for_the_parquet_file_that_it_stops(tmp_path: Path, too_large: str) -> None:
    table = pa.table({"data": [TOO_MUCH]})
    with (
        full_disk(),
        pytest.raises(ArchiveError, match=rf"{too_large}\.parquet can't be written"),
        parquet_written_whole(tmp_path / "transactions.parquet", table.schema) as transactions,
        parquet_written_whole(tmp_path / "truth.parquet", table.schema) as truth,
    ):
        {"truth": truth, "transactions": transactions}[too_large].write_table(table)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_when_the_last_bytes_are_written(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b"old")
    # The first part fits, and the rest fits into the buffer: closing the file writes it.
    lines = [TOO_MUCH[: LIMIT_BYTES - 1], b"ab"]
    with (
        full_disk(),
        pytest.raises(ArchiveError, match=r"labels\.jsonl can't be written"),
        written_whole(path) as labels,
    ):
        labels.writelines(lines)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_another_error_of_the_operating_system_is_not_blamed_on_the_file(tmp_path: Path, name: str) -> None:
    written = tmp_path / name
    opened = parquet_written_whole(written, TABLE.schema) if "parquet" in name else written_whole(written)
    with pytest.raises(FileNotFoundError, match="input"), opened:
        (tmp_path / "input").read_bytes()
    assert list(tmp_path.iterdir()) == []
