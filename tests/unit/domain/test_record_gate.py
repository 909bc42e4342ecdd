"""The gate of records agrees with the table that the kernel's parsers are held against, too."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.domain.json_objects import JsonError, json_fields, json_object
from fraudstream.domain.record_gate import RefusedRecordError, is_blank, read_label, read_transaction
from tests.conformance.conformance_table import ACCEPTED, Row, table
from tests.fuzz_budget import examples

READERS = {"transaction": read_transaction, "label": read_label}
ROWS = [*table("transaction"), *table("label")]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.kind}-{row.written[:60]}" for row in ROWS])
def test_a_record_is_accepted_or_refused_as_by_the_kernel(row: Row) -> None:
    try:
        READERS[row.kind](row.data)
        outcome = ACCEPTED
    except RefusedRecordError as refused:
        outcome = refused.reason
    assert outcome == row.outcome


@pytest.mark.parametrize(
    "data",
    [b"", b"\xef\xbb\xbf", b"{", b'"text"', b"1" * 5_000, b"[" * 100_000, b"\xff" * 10],
)
def test_anything_but_one_object_is_an_error_in_words(data: bytes) -> None:
    with pytest.raises(JsonError, match=r"send|as one|parts"):
        json_object(data)


@given(st.binary(max_size=200))
@examples(200)
def test_no_bytes_end_in_another_error(data: bytes) -> None:
    for read in READERS.values():
        with pytest.raises(RefusedRecordError):
            read(data)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
@examples(100)
def test_both_decoders_read_the_same_fields(record: dict[str, object]) -> None:
    spaced, ascii_only = json.dumps(record, indent=1), json.dumps(record)
    assert dict(json_fields(orjson.dumps(record))) == record
    assert json_object(spaced.encode()) == json_object(ascii_only.encode()) == record


def test_a_repeated_field_is_seen_in_each_way_of_writing_it() -> None:
    for text in (
        '{"a":1,"a":2}',
        '{"a":1,"a" :2}',
        '{"a": 1, "\\u0061": 2}',
        '{"b":"\\"a\\":","a":1,"a" :2}',
    ):
        assert [value for name, value in json_fields(text.encode()) if name == "a"] == [1, 2]


@pytest.mark.parametrize(("text", "expected"), [("", True), (" \t", True), ("\xa0", False), (" x", False)])
def test_blank_is_what_java_calls_blank(text: str, *, expected: bool) -> None:
    assert is_blank(text) is expected
