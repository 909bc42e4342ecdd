"""Records that a line of a file can't hold, and lines that are escaped records."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.archives.record_escape import PREFIX, as_line, record_of
from fraudstream.archives.record_files import read_lines
from fraudstream.domain.transaction import Transaction
from jobs.connectors.source_lines import source_lines
from jobs.job_settings import JobSettings


@given(record=st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
@example(record=PREFIX)
@example(record=PREFIX + b'YQ=="}')
@example(record=b"\xf3\x89\x9a\xc2\n\r\n")
def test_the_line_of_a_record_is_one_line_of_text_and_gives_it_back(record: bytes) -> None:
    line = as_line(record)
    assert b"\n" not in line
    assert line.decode().encode() == line
    assert record_of(line) == record


@pytest.mark.parametrize("record", [b"\xc2\xa0", b"{}", '{"city": "Huế"}'.encode(), b"{\r}", b"no json"])
def test_text_without_a_line_feed_is_its_own_line(record: bytes) -> None:
    assert as_line(record) == record


@pytest.mark.parametrize(
    ("base64", "record"),
    [
        (b"", b""),
        (b"YQ==", b"a"),
        (b"YWI=", b"ab"),
        (b"YWJj", b"abc"),
        (b"84mawg==", b"\xf3\x89\x9a\xc2"),
        (b"/+8=", b"\xff\xef"),
    ],
)
def test_an_escaped_line_is_the_record_in_it(base64: bytes, record: bytes) -> None:
    assert record_of(PREFIX + base64 + b'"}') == record


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        PREFIX,
        PREFIX + b"}",
        *(PREFIX + b"YQ==", PREFIX + b'YQ=="} ', PREFIX + b'YQ"}', PREFIX + b'YQ="}', PREFIX + b'Y==="}'),
        *(PREFIX + b'YQ==YQ=="}', PREFIX + b'YQ-_"}', PREFIX + b'Y Q="}', PREFIX + b'===="}'),
        *(PREFIX + b'YQ==","a":1}', b'{"record_base64": "YQ=="}', b'["record_base64":"YQ=="}'),
    ],
)
def test_any_other_line_is_itself(line: bytes) -> None:
    """The kernel's EscapedLineTest has the same rows."""
    assert record_of(line) == line


@pytest.mark.parametrize(
    "record",
    [b"{}{}{", b'{"a":1}{"a":2}', b'{"memo":"}{"}', b"[]", b" [1]", b"\xef\xbb\xbf[", b"", b" \t", b"\r"],
)
def test_a_record_that_a_reader_of_lines_takes_for_something_else_stays_one_record(
    record: bytes, tmp_path: Path
) -> None:
    """A record of a stream can't make the rest of its archive unreadable, or be counted as two."""
    path = tmp_path / "archive.jsonl"
    path.write_bytes(as_line(record) + b"\n" + b'{"a":1}\n')
    assert list(read_lines(path, Transaction)) == [record, b'{"a":1}']
    with source_lines(path, None, JobSettings.load(env_file=None)) as lines:
        assert lines == path
        first, _ = lines.read_bytes().splitlines()
    assert record_of(first) == record
