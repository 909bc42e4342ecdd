import json
import struct

import numpy as np
import pytest
import xgboost

from fraudstream.scoring.members.ubjson import MAX_LEVELS, UbjsonError, Value, read_ubjson
from tests.unit.scoring.booster_files import booster_bytes, to_ubjson


def plain(value: Value) -> Value:
    """Return a value with lists for arrays, whose floats are the shortest that mean the same."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return [float(str(each)) if value.dtype.kind == "f" else int(each) for each in value]
    return value


def test_a_model_is_what_xgboost_writes_as_json() -> None:
    data = booster_bytes()
    as_json = xgboost.Booster(model_file=bytearray(data)).save_raw("json")
    assert plain(read_ubjson(data)) == json.loads(as_json)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b"T", True),
        (b"F", False),
        (b"Z", None),
        (b"i\xff", -1),
        (b"U\xff", 255),
        (b"I\x01\x00", 256),
        (b"l\x00\x00\x01\x00", 256),
        (b"L" + struct.pack(">q", -(2**40)), -(2**40)),
        (b"d" + struct.pack(">f", 0.5), 0.5),
        (b"D" + struct.pack(">d", 0.1), 0.1),
        (to_ubjson("Huế"), "Huế"),
        (to_ubjson([1, "a", []]), [1, "a", []]),
    ],
)
def test_each_kind_of_value_is_read(data: bytes, value: object) -> None:
    assert read_ubjson(data) == value


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "i4", "i8", "f4"])
def test_an_array_of_one_type_is_read_as_such(kind: str) -> None:
    array = np.array([1, 2, 100], kind)
    found = read_ubjson(to_ubjson(array))
    assert found.dtype == array.dtype
    assert found.tolist() == array.tolist()


ONE = b"L" + struct.pack(">q", 1)
HUGE = b"L" + struct.pack(">q", 2**62)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "1 bytes are expected"),
        (b"{", "1 bytes are expected"),
        (b"{}{}", "there are bytes behind the end"),
        (b"{" + ONE + b"aT" + ONE + b"aF}", "an object has 'a' twice"),
        (b"N", "no value with the marker b'N'"),
        (b"H" + ONE + b"1", "no value with the marker b'H'"),
        (b"[T]", "an array has no length"),
        (b"[$T#" + HUGE, "no array of the type b'T'"),
        (b"[$S#" + ONE, "no array of the type b'S'"),
        (b"[$d#" + HUGE, "bytes are expected, and it is cut off"),
        (b"[#" + HUGE, "items is cut off"),
        (b"[#L" + struct.pack(">q", -1), "a length is -1"),
        (b"[#i\x01T", "a length is not an integer of 64 bits"),
        (b"S" + HUGE, "bytes are expected, and it is cut off"),
        (b"S" + ONE + b"\xff", "a text is not UTF-8"),
        (b"S" + ONE, "cut off"),
        ((b"[#" + ONE) * 100_000, f"nested more than {MAX_LEVELS} levels deep"),
        ((b"{" + ONE + b"a") * 100_000, f"nested more than {MAX_LEVELS} levels deep"),
    ],
)
def test_what_xgboost_does_not_write_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UbjsonError, match=reason):
        read_ubjson(data)
