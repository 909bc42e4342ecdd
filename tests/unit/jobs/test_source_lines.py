"""The lines that bounded mode reads: from each format, with labels merged in."""

import gzip
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import orjson
import pytest
from hypothesis import given

from fraudstream.archives import record_files
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_escape import as_line, record_of
from fraudstream.domain.reference import merge_labels
from fraudstream.domain.transaction import Label, Transaction
from jobs.connectors import source_lines as connector
from jobs.connectors.source_lines import LABEL, TRANSACTION, merge_lines, source_lines
from jobs.job_settings import JobSettings
from jobs.running import JobFailedError
from tests.strategies import START_MS, arrivals

AWS = JobSettings.load(env_file=None)
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


def lines_of(source: Path, labels: Path | None = None) -> AbstractContextManager[Path]:
    return source_lines(source, labels, AWS)


# ---- positions of labels ----


def merged(transactions: list[bytes], labels: list[bytes]) -> list[bytes]:
    return list(merge_lines(transactions, labels))


def test_a_label_is_placed_just_before_the_first_transaction_that_may_see_it() -> None:
    t1, t2, t3 = (transaction(f"t{ms}", ms).to_json() for ms in (1_000, 2_000, 3_000))
    early, tied, late = (label(f"t{ms}", ms).to_json() for ms in (999, 2_000, 3_001))
    assert merged([t1, t2, t3], [late, tied, early]) == [
        *(LABEL + early, TRANSACTION + t1),
        *(LABEL + tied, TRANSACTION + t2),
        *(TRANSACTION + t3, LABEL + late),
    ]


def test_labels_of_equal_time_keep_the_order_of_their_file() -> None:
    said = label("t", 1_000).to_json()
    taken_back = label("t", 1_000, is_fraud=False).to_json()
    (at_hand,) = [transaction("t", 1_000).to_json()]
    expected = [LABEL + said, LABEL + taken_back, TRANSACTION + at_hand]
    assert merged([at_hand], [said, taken_back]) == expected
    assert merged([at_hand], [taken_back, said]) != expected


@given(drawn=arrivals(max_size=12))
def test_lines_are_merged_as_the_reference_merges_them(drawn: list[Transaction | Label]) -> None:
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
        *(LABEL + as_line(line), TRANSACTION + as_line(line)),
        *(LABEL + known, TRANSACTION + whole),
    ]


def test_an_escaped_record_is_merged_by_its_own_time_and_escaped_again() -> None:
    record = b'{"record_base64":"","event_time": "1970-01-01T00:00:01Z"}'
    known = label("t", 1_000).to_json()
    assert merged([record], [known]) == [LABEL + known, TRANSACTION + as_line(record)]
    assert record_of(as_line(record)) == record != as_line(record)


def test_a_time_may_have_lower_case_letters_and_an_offset() -> None:
    first, second = (
        orjson.dumps({"event_time": text}) for text in ("1970-01-01t00:00:01z", "1970-01-01T07:00:02+07:00")
    )
    known = orjson.dumps({"available_at": "1970-01-01t00:00:02z"})
    assert merged([first, second], [known]) == [TRANSACTION + first, LABEL + known, TRANSACTION + second]


# ---- temporary files ----


def test_lines_without_labels_are_read_in_place(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", LINES)
    with lines_of(source) as lines:
        assert lines == source


def test_several_objects_on_any_line_are_several_records(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [b'{"a": 1}', b'{"a": 2}{"a": 3}'])
    with lines_of(source) as lines:
        assert lines.read_bytes().splitlines() == [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']


def test_a_seam_at_the_end_of_what_is_read_at_once_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.jsonl", [b'{"a": 1}{"a": 2}'])
    for size in range(1, 20):
        monkeypatch.setattr(connector, "COPIED_BYTES", size)
        with lines_of(source) as lines:
            assert lines.read_bytes().splitlines() == [b'{"a": 1}', b'{"a": 2}'], size


def test_a_line_without_end_is_an_error_and_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (connector, record_files):
        monkeypatch.setattr(module, "MAX_LINE_BYTES", 1_000)
    monkeypatch.setattr(connector, "COPIED_BYTES", 300)
    with lines_of(write(tmp_path / "in.jsonl", [b"x" * 999, b"{}" * 1])) as lines:
        assert lines == tmp_path / "in.jsonl"
    for name in ("in.jsonl", "in.jsonl.gz"):
        source = write(tmp_path / name, [b"{}", b"x" * 1_001])
        with pytest.raises(ArchiveError, match="line 2 has over 1,000 bytes"), lines_of(source):
            pass


def test_members_of_a_compressed_file_may_have_zeros_between_them(tmp_path: Path) -> None:
    """Java takes such zeros for the end of the file."""
    source = tmp_path / "in.jsonl.gz"
    source.write_bytes(gzip.compress(b"{}\n") + bytes(512) + gzip.compress(b'{"a": 1}\n'))
    with lines_of(source) as lines:
        assert lines.read_bytes() == b'{}\n{"a": 1}\n'


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
@pytest.mark.parametrize("labels_name", ["labels.jsonl", "labels.jsonl.gz"])
def test_with_labels_a_temporary_file_has_each_line_and_other_bytes_escaped(
    tmp_path: Path, name: str, labels_name: str
) -> None:
    source = write(tmp_path / name, LINES)
    known = label("t1", START_MS).to_json()
    labels = write(tmp_path / labels_name, [known, b"", b"\xff"])
    with lines_of(source, labels) as lines:
        found = lines.read_bytes()
    transactions = [TRANSACTION + as_line(line) for line in LINES if line.strip()]
    expected = [LABEL + as_line(b"\xff"), *transactions, LABEL + known]
    assert found == b"".join(line + b"\n" for line in expected)
    assert not lines.exists()


def fail(source: Path, cause: str) -> None:
    """Raise inside the job that reads the lines."""
    with lines_of(source):
        raise JobFailedError(cause)


def test_the_temporary_file_is_removed_after_a_failure_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    source = write(tmp_path / "in.jsonl", [b'{"n":1}{"n":2}'])
    with pytest.raises(JobFailedError, match="out of memory"):
        fail(source, "out of memory")
    assert list(tmp_path.iterdir()) == [source]


def test_a_temporary_file_without_disk_space_is_reported_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write(tmp_path / "in.jsonl", [b'{"n":1}{"n":2}'])
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **_: nullcontext("/no/such/folder"))
    with pytest.raises(ArchiveError) as refused, lines_of(source):
        pass
    assert f"/no/such/folder/lines.jsonl, a copy of {source}, can't be written" in str(refused.value)
    assert "set TMPDIR to a folder with room" in str(refused.value)


# ---- failing jobs ----


def test_a_job_that_fails_over_a_broken_gzip_file_reports_it(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl.gz"
    source.write_bytes(gzip.compress(b"{}\n" * 1_000)[:-1])
    with pytest.raises(ArchiveError, match="is not a complete gzip file"):
        fail(source, "java.io.EOFException")


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_a_job_that_fails_for_another_reason_keeps_its_error(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / name, LINES)
    with pytest.raises(JobFailedError, match="out of memory"):
        fail(source, "out of memory")
