"""Records of the Kinesis Producer Library: the parts that the kernel finds, and none of damaged ones."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.domain.record_gate import KPL_MAGIC
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kpl_aggregate import MAX_PARTS, Part, parts_of
from tests.fuzz_budget import examples
from tests.kpl_records import aggregated, with_digest
from tests.mutations import damaged

RESOURCES = ROOT / "kernel/core/src/test/resources"
RECORD = (RESOURCES / "kpl-record.bin").read_bytes()
MESSAGES = [
    line for line in (RESOURCES / "kpl-messages.txt").read_text().splitlines() if not line.startswith("#")
]
"""The record and the messages that the kernel's test reads, too."""
PARTS = st.lists(st.tuples(st.binary(max_size=200), st.text(max_size=4)), min_size=1, max_size=6)


def test_the_parts_are_those_that_the_kernel_finds_each_with_its_own_key() -> None:
    parts = parts_of(RECORD)
    assert parts is not None
    assert [part.partition_key for part in parts] == ["A1", "A1", "A2"]
    assert all(part.data.startswith(b'{"transaction_id": "K') for part in parts)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xf3\x89\x9a", KPL_MAGIC, RECORD[1:]])
def test_any_other_record_has_no_parts(data: bytes) -> None:
    assert parts_of(data) is None


@pytest.mark.parametrize("line", [line for line in MESSAGES if " = " in line])
def test_a_sound_message_has_the_parts_that_the_kernel_finds(line: str) -> None:
    message, _, expected = line.partition(" = ")
    parts = parts_of(with_digest(bytes.fromhex(message)))
    assert parts is not None
    assert [part.data for part in parts] == [
        b"" if part == "-" else bytes.fromhex(part) for part in expected.split(" ")
    ]


@pytest.mark.parametrize("line", [line for line in MESSAGES if " ! " in line])
def test_a_message_that_the_kernel_refuses_has_no_parts(line: str) -> None:
    assert parts_of(with_digest(bytes.fromhex(line.partition(" ! ")[0]))) is None


def test_there_is_the_kernels_limit_to_the_parts_of_one_record() -> None:
    assert MAX_PARTS == 100_000
    assert parts_of(with_digest(b"\x0a\x00" + b"\x1a\x04\x08\x00\x1a\x00" * (MAX_PARTS + 1))) is None


def test_a_key_that_is_not_utf8_is_readable() -> None:
    assert parts_of(with_digest(b"\x0a\x02\xffA\x1a\x05\x08\x00\x1a\x01b")) == [Part(b"b", "\ufffdA")]


def test_a_record_of_which_any_byte_is_changed_or_cut_off_or_with_bytes_behind_it_has_no_parts() -> None:
    assert parts_of(RECORD + b"\0") is None
    assert parts_of(RECORD + RECORD) is None
    for at in range(len(RECORD)):
        assert parts_of(RECORD[:at] + bytes([RECORD[at] ^ 0x10]) + RECORD[at + 1 :]) is None
        assert parts_of(RECORD[:at]) is None


@examples(60)
@given(parts=PARTS)
@example(parts=[(aggregated((b"{}", "inner")), "outer")])
def test_what_was_aggregated_is_taken_apart_once(parts: list[tuple[bytes, str]]) -> None:
    assert parts_of(aggregated(*parts)) == parts


@examples(100)
@given(data=st.data(), parts=PARTS)
def test_a_damaged_message_with_a_sound_digest_raises_nothing(
    data: st.DataObject, parts: list[tuple[bytes, str]]
) -> None:
    message = aggregated(*parts)[len(KPL_MAGIC) : -16]
    found = parts_of(with_digest(data.draw(damaged(message))))
    assert found is None or all(isinstance(part.data, bytes) for part in found)
