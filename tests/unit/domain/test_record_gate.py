"""The gate of records agrees with the table that the kernel's parsers are held against, too."""

import json
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.domain.json_objects import JsonError, json_fields, json_object
from fraudstream.domain.record_gate import (
    RefusedRecordError,
    check_arrival,
    is_blank,
    read_label,
    read_transaction,
)
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


def refused(read: Callable[[bytes], object], **fields: object) -> RefusedRecordError:
    good = {"transaction_id": "t", "account_id": "a", "event_time": "2026-01-02T00:00:00Z"}
    record = good | {"transaction_amount_vnd": 1, "is_fraud": True, "available_at": "2026-01-03T00:00:00Z"}
    with pytest.raises(RefusedRecordError) as raised:
        read(json.dumps(record | fields).encode())
    return raised.value


@pytest.mark.parametrize(
    ("fields", "value", "remedy"),
    [
        ({"account_id": None}, "", "every transaction needs it"),
        ({"account_id": " "}, " ", "give a text that is not blank"),
        ({"account_id": 7}, "7", "it must be a string"),
        ({"account_id": "a\n"}, "a\n", "send an id without"),
        ({"account_id": "a\ud800"}, "a\ufffd", "send whole characters"),
        ({"account_id": "a" * 300}, "a" * 60 + "…", "at most 256 are allowed"),
        ({"event_time": "now; then"}, "now; then", "write it like 2026-01-02T03:04:05.678Z"),
        ({"transaction_amount_vnd": -5}, "-5", "it must be above 0 and at most 1000000000000000: correct it"),
        ({"npl_flag": "x"}, "x", "it must be true or false"),
    ],
    ids=str,
)
def test_a_refusal_names_the_field_its_value_and_the_remedy(
    fields: dict[str, object], value: str, remedy: str
) -> None:
    error = refused(read_transaction, **fields)
    assert (error.field, error.value, error.remedy) == (next(iter(fields)), value, remedy)


def test_a_fault_of_the_whole_record_names_no_field() -> None:
    with pytest.raises(RefusedRecordError) as raised:
        read_transaction(b"{")
    assert (raised.value.field, raised.value.value) == ("record", "{")
    assert raised.value.remedy == "send one object per record"


def test_a_label_known_too_early_names_its_time() -> None:
    error = refused(read_label, available_at="2026-01-01T00:00:00Z")
    assert (error.field, error.value) == ("available_at", "2026-01-01T00:00:00.000Z")


def test_an_event_time_may_be_ahead_of_the_arrival_by_the_tolerance_only() -> None:
    check_arrival(1_000, 900, 100)
    with pytest.raises(RefusedRecordError) as raised:
        check_arrival(1_001, 900, 100)
    assert (raised.value.reason, raised.value.field) == ("future_time", "event_time")
    assert raised.value.value == "1970-01-01T00:00:01.001Z"
    assert raised.value.remedy == "at most 100 are allowed: check the sender's clock"
