"""A body is divided into its records byte by byte."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.gateway.submitted_bodies import BodyError, divided
from tests.fuzz_budget import examples

JSON = "application/json"
NDJSON = "application/x-ndjson"


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (b'{"a":1}', [b'{"a":1}']),
        (b' \n{"a":1}\t', [b'{"a":1}']),
        (b'[{"a":1}]', [b'{"a":1}']),
        (b'[ {"a" : 1} ,\n {"b":2}]', [b'{"a" : 1}', b'{"b":2}']),
        (b'[{"a":1.10},{"a":1e400}]', [b'{"a":1.10}', b'{"a":1e400}']),
        (b'[{"a":123456789012345678901}]', [b'{"a":123456789012345678901}']),
        (b'[{"a":"]}"},{"b":[[]]}]', [b'{"a":"]}"}', b'{"b":[[]]}']),
        ('[{"a":"Đà Nẵng"},{"b":2}]'.encode(), ['{"a":"Đà Nẵng"}'.encode(), b'{"b":2}']),
        (b'[{"a":"\\ud800"},null,7]', [b'{"a":"\\ud800"}', b"null", b"7"]),
        (b'[{"a":"line\nend"}]', [b'{"a":"line\nend"}']),
        (b"[" + b'{"a":' + b"9" * 5_000 + b"}]", [b'{"a":' + b"9" * 5_000 + b"}"]),
        (b"{broken", [b"{broken"]),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_records_keep_the_bytes_that_were_sent(body: bytes, records: list[bytes]) -> None:
    assert divided(body, JSON) == records


def test_lines_are_records_and_blank_ones_are_none() -> None:
    assert divided(b'{"a":1}\r\n\n  {broken\n', NDJSON) == [b'{"a":1}', b"{broken"]


@pytest.mark.parametrize(
    ("body", "value", "remedy"),
    [
        (b"", "no records", "send one record, or an array of 1 to 500"),
        (b" [ ] ", "no records", "send one record, or an array of 1 to 500"),
        (b"[" + b",".join([b"{}"] * 501) + b"]", "501 records", "send at most 500 records in a request"),
        (b'[{"a":1},]', '[{"a":1},]', "malformed at its character 10 "),
        (b'[{"a":1}{"b":2}]', '[{"a":1}{"b":2}]', "malformed at its character 9 "),
        (b'[{"a":1}', '[{"a":1}', "malformed at its character 9 "),
        (b'[{"a":1}]]', '[{"a":1}]]', "malformed at its character 10 "),
        (b"[,]", "[,]", "malformed at its character 2 "),
        (b'[{"a":"\xff"}]', "b'\\xff'", "byte 8 is not UTF-8"),
        (b"[" * 100_000, "nested too deeply", "fewer arrays"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_body_that_has_no_records_is_refused_with_value_and_remedy(
    body: bytes, value: str, remedy: str
) -> None:
    with pytest.raises(BodyError) as raised:
        divided(body, JSON)
    assert raised.value.value == value
    assert remedy in str(raised.value)


@given(st.binary(max_size=100), st.sampled_from([JSON, NDJSON]))
@examples(200)
def test_any_bytes_are_records_or_refused(body: bytes, media_type: str) -> None:
    for start in (b"", b"["):
        with contextlib.suppress(BodyError):
            assert 1 <= len(divided(start + body, media_type)) <= 500


ELEMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(ELEMENTS, min_size=1, max_size=5), st.sampled_from([None, 1]))
@examples(100)
def test_each_element_of_an_array_is_read_back_as_it_was(elements: list[object], indent: int | None) -> None:
    body = json.dumps(elements, indent=indent).encode()
    assert [json.loads(each) for each in divided(body, JSON)] == elements
