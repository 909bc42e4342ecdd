"""Records of the Kinesis Producer Library: each part as the kernel has it, and damaged ones as they are."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kpl_aggregate import MAGIC, parts_of
from streams.arrival_order import lines_of

RECORD = (ROOT / "kernel/core/src/test/resources/kpl-record.bin").read_bytes()
"""The record that the kernel's test reads, too."""


def with_digest(message: bytes) -> bytes:
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def test_the_parts_are_those_that_the_kernel_finds() -> None:
    parts = parts_of(RECORD)
    assert len(parts) == 3
    assert all(part.startswith(b'{"transaction_id": "K') for part in parts)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xf3\x89\x9a", MAGIC, RECORD[1:]])
def test_any_other_record_is_its_own_only_part(data: bytes) -> None:
    assert parts_of(data) == [data]


@pytest.mark.parametrize(
    "message",
    [
        *("1A0501", "1AFFFFFFFF0F", "1AFFFFFFFFFFFFFFFFFF01", "FFFFFFFFFFFFFFFFFFFFFF", "1A", "1A021A05"),
        *("0B", "0E", "09010203", "", "0A0161", "1A00", "1A020801"),
    ],
)
def test_a_message_that_holds_nothing_is_passed_on_whole(message: str) -> None:
    data = with_digest(bytes.fromhex(message))
    assert parts_of(data) == [data]


def test_unknown_fields_of_every_wire_type_are_skipped() -> None:
    unknown = "500A59010203040506070852036162635D01020304"
    assert parts_of(with_digest(bytes.fromhex(unknown + "1A041A026162"))) == [b"ab"]


def test_a_record_of_which_any_byte_is_changed_or_cut_off_is_passed_on_whole() -> None:
    for at in range(len(RECORD)):
        changed = RECORD[:at] + bytes([RECORD[at] ^ 0x10]) + RECORD[at + 1 :]
        assert parts_of(changed) == [changed]
        assert parts_of(RECORD[:at]) == [RECORD[:at]]


@given(st.binary(max_size=40))
def test_any_message_has_parts_or_is_one(message: bytes) -> None:
    assert parts_of(with_digest(message))


def test_an_archive_has_a_line_for_each_part_and_each_record_in_it() -> None:
    assert [line[:23] for line in lines_of(RECORD)] == [b'{"transaction_id": "K%d"' % n for n in (1, 2, 3)]
    part = b'{"a":1}\n{"b":\n2}'
    body = b"\x1a" + bytes([len(part) + 2]) + b"\x1a" + bytes([len(part)]) + part
    assert lines_of(with_digest(body)) == [b'{"a":1}', b'{"b":\r2}']
