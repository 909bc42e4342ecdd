"""Record files are written atomically."""

import gzip
import stat
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
