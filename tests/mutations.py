"""Hypothesis strategies of broken input: JSON with odd values, and valid bytes that were damaged."""

import json
from collections.abc import Sequence
from typing import Any, Final

import orjson
from hypothesis import strategies as st

SCALARS: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "NaN", "", "\x1b[2J", "é" * 9])
)
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
"""JSON values of every type."""
MANY_DEEP: Final = st.integers(1, 3_000).map(lambda depth: b"[" * depth + b"]" * depth)

_TEXTS: Final[tuple[bytes, ...]] = (
    *(b"null", b"true", b"false", b"0", b"-0", b"-1", b"0.1", b"1.", b".5", b"01", b"+1", b"-", b"1E+2"),
    *(b"1e15", b"1e308", b"1e309", b"-1e309", b"1e-400", b"1e99999999999", b"9007199254740993"),
    *(b"18446744073709551616", b"9" * 309, b"9" * 1_000, b"9" * 1_001, b"9" * 5_000, b"0." + b"1" * 998),
    *(b"NaN", b"Infinity", b"-Infinity", b"nul", b"True", b"{}", b"[]", b"[[[1]]]", b'{"a":{"b":null}}'),
    *(b'""', b'" "', b'"\xc2\xa0"', b'"\xe3\x80\x80"', b'"A"', b"'A'", b'"A', b'A"', b'"NaN"', b'"1"'),
    *(b'"\\u0000"', b'"\x00"', b'"\n"', b'"\\n"', b'"\x7f"', b'"\\u202e"', b'"\\u0041"', b'"\\x41"'),
    *(b'"\\ud800"', b'"\\udc00"', b'"\\ud83d\\ude00"', b'"\\ude00\\ud83d"', b'"\xf0\x9f\x98\x80"'),
    # Not UTF-8: overlong forms, encoded surrogates, beyond Unicode, lone and missing continuations.
    *(b'"\xc1\x81"', b'"\xe0\x81\x81"', b'"\xed\xa0\x80"', b'"\xed\xa0\xbd\xed\xb8\x80"', b'"\xff"'),
    *(b'"\xf4\x90\x80\x80"', b'"\xf7\xbf\xbf\xbf"', b'"\x80"', b'"\xe2\x82"', b'"\xf0\x9f\x98"', b'"\xc3'),
    *(b'"%s"' % (b"x" * length) for length in (255, 256, 257)),
    *(b'"%s"' % ("😀".encode() * length) for length in (128, 129, 256)),
    *(b"1000000000000001", b"90.00000000000001", b"-180", b"2147483648"),
    *(b'"2026-01-02T03:04:05Z"', b'"2026-01-02T03:04:05.678Z"', b'"9999-12-31T23:59:59Z"'),
    *(b'"0001-01-01T00:00:00+18:00"', b'"2026-01-02T03:04:05"', b'"2026-02-30T00:00:00Z"'),
    *(b"[" * depth + b"]" * depth for depth in (498, 499, 500, 501, 1_000, 1_025)),
    *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (498, 499, 500)),
    *(b"[" * 2_000, b"/* */ 1", b"1 // 1", b"1,", b"undefined"),
)
JSON_TEXTS: Final = st.sampled_from(_TEXTS)
"""Values as they are written, valid and not, at the limits of types, lengths and depths."""


def changed(sample: bytes) -> st.SearchStrategy[bytes]:
    """Draw a JSON object with changed or missing fields, or changed bytes."""
    fields = orjson.loads(sample)
    with_values = st.dictionaries(st.sampled_from(sorted(fields)), VALUES, min_size=1, max_size=3).map(
        lambda changes: json.dumps(fields | changes).encode()
    )
    without = st.sampled_from(sorted(fields)).map(
        lambda name: orjson.dumps({key: value for key, value in fields.items() if key != name})
    )
    cut = st.tuples(st.integers(0, len(sample)), st.binary(max_size=4), st.integers(0, 8)).map(
        lambda drawn: sample[: drawn[0]] + drawn[1] + sample[drawn[0] + drawn[2] :]
    )
    return with_values | without | cut


@st.composite
def rewritten(draw: st.DrawFn, sample: dict[str, Any], names: Sequence[str]) -> bytes:
    """Draw an object with some fields replaced or repeated, each written as one of `JSON_TEXTS`.

    ``names`` are those of the fields; unknown ones come with them.
    """
    members = [(name.encode(), orjson.dumps(value)) for name, value in sample.items()]
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*names, "note", "é"])).encode()
        member = (name, draw(JSON_TEXTS))
        places = [place for place, (known, _) in enumerate(members) if known == name]
        is_replaced: bool = draw(st.booleans())
        if places and is_replaced:
            members[places[0]] = member
        else:
            members.insert(draw(st.integers(0, len(members))), member)
    text = b",".join(b'"%s":%s' % member for member in members)
    return b"{" + text + b"}"


_DAMAGES: Final = ("bit", "bytes", "insert", "repeat", "remove", "cut", "zeros")


@st.composite
def damaged(draw: st.DrawFn, sample: bytes) -> bytes:
    """Draw the bytes with bits flipped, parts replaced, repeated or left out, or the end cut off."""
    data = bytearray(sample)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        kind: str = draw(st.sampled_from(_DAMAGES))
        length = draw(st.integers(1, 16))
        if kind == "bit" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "bytes":
            replaced = draw(st.binary(min_size=1, max_size=4))
            data[at : at + len(replaced)] = replaced
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=4))
        elif kind == "repeat":
            data[at:at] = data[at : at + length]
        elif kind == "remove":
            del data[at : at + length]
        elif kind == "zeros":
            data[at : at + length] = bytes(length)
        else:
            # Rarely deep: most cuts would leave too little to get past the first check.
            del data[max(0, len(data) - length) :]
    return bytes(data)
