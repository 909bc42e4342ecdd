"""Records written back to back without a delimiter."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.archives.record_delimiting import (
    MAX_OBJECTS,
    MAX_RECORD_BYTES,
    REMEDY,
    UndelimitedError,
    records_of_line,
)
from tests.fuzz_budget import examples

JSON = st.recursive(
    st.none() | st.integers(-5, 5) | st.text(alphabet='{}"\\[],:a', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('{}"\\', max_size=4), inner, max_size=3)
    ),
)
OBJECTS = st.dictionaries(st.text('{}"\\a', max_size=5), JSON, max_size=4).map(orjson.dumps)


@examples(60)
@given(objects=st.lists(OBJECTS, min_size=1, max_size=8))
def test_concatenated_objects_are_one_record_each(objects: list[bytes]) -> None:
    assert list(records_of_line(b"".join(objects), 1)) == objects


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"",
            b"no json",
            b"[1]",
            b'{"a": 1',
            b'{"a": "}{"}',
            b'{"a": "}{',
            b'{"a":1}{garbage',
            b"}{",
            b"{}{",
        ),
        *(b"\xff}{\xff", b'{"a": 1}\r', b'{"a": {"b": 1}}', b"x}{y}{z", b'{"a": "' + b"x" * MAX_RECORD_BYTES),
    ],
)
def test_any_other_line_is_one_record_unchanged(line: bytes) -> None:
    assert list(records_of_line(line, 1)) == [line]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1}{"b":2}{"c":',
        b'{"a":1}{broken}{"b":2}',
        b'{"a":{"b":1}{"c":2}{"d":3}',
        b'{"a":1}{"' + b"x" * MAX_RECORD_BYTES,
    ],
)
def test_several_objects_with_a_broken_one_are_rejected_with_the_fix(line: bytes) -> None:
    with pytest.raises(UndelimitedError) as refused:
        list(records_of_line(line, 7))
    assert str(refused.value) == f"line 7: {REMEDY}"


def test_a_text_full_of_brace_pairs_is_one_record() -> None:
    record = orjson.dumps({"a": "}{" * 1_000})
    assert list(records_of_line(record, 1)) == [record]


def test_a_broken_object_at_the_start_of_a_long_line_is_found_in_linear_time() -> None:
    line = b'{"a":' + b'{"transaction_id":"x"}' * 200_000
    with pytest.raises(UndelimitedError):
        list(records_of_line(line, 1))


def test_a_line_of_millions_of_objects_is_refused() -> None:
    line = b"{}" * (MAX_OBJECTS + 2)
    with pytest.raises(UndelimitedError, match="line 7 has over 1,000,000 objects; end each"):
        next(records_of_line(line, 7))
