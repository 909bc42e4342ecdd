"""Files that hold no records of a readable kind are refused or skipped by name."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.archive_reader import archived_lines
from fraudstream.domain.transaction import Transaction
from jobs.connectors.source_lines import source_lines
from jobs.job_settings import JobSettings
from producer.source_files import file_records

SETTINGS = JobSettings.load(env_file=None)


def by_the_job(path: Path) -> list[bytes]:
    with source_lines(path, None, SETTINGS) as lines:
        data = gzip.decompress(lines.read_bytes()) if lines.suffix == ".gz" else lines.read_bytes()
        return data.splitlines()


def as_labels(path: Path) -> list[bytes]:
    transactions = path.with_name("transactions.jsonl")
    transactions.write_text("")
    with source_lines(transactions, path, SETTINGS) as lines:
        return [line.removeprefix(b"L") for line in lines.read_bytes().splitlines()]


def in_an_archive(path: Path) -> list[bytes]:
    return list(archived_lines(path, SETTINGS, Transaction))


READERS = pytest.mark.parametrize("reader", [by_the_job, as_labels, in_an_archive])
Reader = Callable[[Path], list[bytes]]
MEMBER = gzip.compress(b'{"n":1}\n', mtime=0)


@READERS
@pytest.mark.parametrize("rest", [b'{"n":2}\n', MEMBER[:12], MEMBER[:-1], b"\x1f\x8b\x07" + MEMBER[3:]])
def test_damage_after_a_member_is_no_end_of_the_file(tmp_path: Path, reader: Reader, rest: bytes) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(MEMBER + rest)
    with pytest.raises(ArchiveError, match=r"t\.jsonl\.gz is not a complete gzip file"):
        reader(path)


@READERS
@pytest.mark.parametrize("name", ["t.jsonl.gz", "T.JSONL.GZ"])
def test_all_members_are_read_and_zeros_after_them_ignored(tmp_path: Path, reader: Reader, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(MEMBER + gzip.compress(b'{"n":2}\n') + bytes(512))
    assert reader(path) == [b'{"n":1}', b'{"n":2}']


@READERS
@pytest.mark.parametrize("text", ["[]", ' [{"a": 1}]', "\ufeff[\n{}]"])
def test_a_json_array_is_named_as_such(tmp_path: Path, reader: Reader, text: str) -> None:
    for name, data in (("a.json", text.encode()), ("a.json.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ArchiveError, match=r"begins with a JSON array; write one object on each line"):
            reader(tmp_path / name)


@READERS
@pytest.mark.parametrize("name", ["t.txt", "t", "t.jsonl.zip", "t.xlsx"])
def test_a_file_of_an_unknown_kind_is_refused(tmp_path: Path, reader: Reader, name: str) -> None:
    (tmp_path / name).write_text("{}\n")
    with pytest.raises(ArchiveError, match=r"unknown kind of file; name it \.jsonl, \.json"):
        reader(tmp_path / name)


@READERS
@pytest.mark.parametrize("name", ["t.csv.gz", "T.PARQUET.GZ"])
def test_a_compressed_file_of_another_kind_is_refused(tmp_path: Path, reader: Reader, name: str) -> None:
    (tmp_path / name).write_bytes(MEMBER)
    with pytest.raises(ArchiveError, match="a compressed file is read as JSON lines; decompress it"):
        reader(tmp_path / name)


@READERS
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, reader: Reader) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nowhere")
    with pytest.raises(ArchiveError, match=r"pipe\.jsonl is not a regular file"):
        reader(tmp_path / "pipe.jsonl")
    for name in ("loop.jsonl", "gone.jsonl"):
        with pytest.raises(ArchiveError, match=rf"{name} can't be read"):
            reader(tmp_path / name)


@pytest.mark.parametrize("name", ["pipe.jsonl", "loop.jsonl"])
def test_a_folder_with_such_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    if name == "pipe.jsonl":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to(name)
    with pytest.raises(ArchiveError, match=rf"{name} (is not a regular file|can't be read)"):
        in_an_archive(tmp_path)


def test_hidden_files_and_markers_are_skipped_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "_temporary/0/p.jsonl",
        "_delta_log/0.json",
        "._part.jsonl",
        ".a.jsonl.crc",
        "_SUCCESS",
        "p.jsonl",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"n":1}\n')
    os.mkfifo(tmp_path / "_pipe.jsonl")
    assert in_an_archive(tmp_path) == [b'{"n":1}']
    said = capsys.readouterr().err
    assert "reading 1 files" in said
    assert "skipped 6 hidden files (_* or .*), e.g. " in said
    assert "is a Delta table, whose log is not read" in said


def test_a_hidden_file_that_is_named_itself_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "_run"
    folder.mkdir()
    (folder / ".t.jsonl").write_text("{}\n")
    assert by_the_job(folder / ".t.jsonl") == [b"{}"]


def test_a_link_to_a_folder_is_not_followed_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "a.jsonl").write_text('{"n":1}\n')
    (archive / "loop").symlink_to(archive)
    assert in_an_archive(archive) == [b'{"n":1}']
    assert f"skipped 1 unsupported files, e.g. {archive}/loop" in capsys.readouterr().err


def test_a_folder_of_hidden_files_only_says_so(tmp_path: Path) -> None:
    (tmp_path / ".a.jsonl").write_text("{}\n")
    with pytest.raises(ArchiveError, match=r"has only hidden files \(_\* or \.\*\), e\.g\. "):
        in_an_archive(tmp_path)


def test_an_empty_compressed_file_is_damaged_for_the_producer_too(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl.gz").touch()
    with pytest.raises(ArchiveError, match="not a complete gzip file"):
        list(file_records(tmp_path / "t.jsonl.gz"))
