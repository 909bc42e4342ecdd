"""The fields that the drill expects a review alert to have of a refused record."""

import pytest

from drills.expected_refusals import SALVAGED_BYTES, Salvaged, salvaged

BEGIN = b'{"transaction_id":"T1","account_id":"A1"'
AMOUNT = b',"transaction_amount_vnd":5}'
IDS = Salvaged("T1", "A1")


@pytest.mark.parametrize("place", [b',"city":"%b"', b',"note%b":1'], ids=["value", "name"])
@pytest.mark.parametrize(
    "damaged",
    [b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"],
    ids=["no UTF-8", "continuation", "overlong", "surrogate", "beyond Unicode", "cut off"],
)
def test_fields_after_the_first_byte_that_is_not_utf8_are_unknown(place: bytes, damaged: bytes) -> None:
    assert salvaged(BEGIN + place % damaged + AMOUNT) == IDS


@pytest.mark.parametrize("place", [b',"city":"%b"', b',"note%b":1'], ids=["value", "name"])
def test_fields_after_characters_of_several_bytes_are_read(place: bytes) -> None:
    assert salvaged(BEGIN + place % "ế€😀".encode() + AMOUNT) == IDS._replace(transaction_amount_vnd=5.0)


def test_a_character_that_the_limit_cuts_ends_the_reading() -> None:
    start = BEGIN + b',"city":"'
    text = b"x" * (SALVAGED_BYTES - len(start) - 1) + "ế".encode()
    assert salvaged(start + text + b'"' + AMOUNT) == IDS


@pytest.mark.parametrize(
    ("number", "amount_vnd"),
    [("7x", 7.0), ("7.5.", 7.5), ("7.", None), ("7e", None), ("07", None), ("NaN", None), ("-", None)],
)
def test_a_number_ends_where_the_kernel_ends_it(number: str, amount_vnd: float | None) -> None:
    record = BEGIN + b',"transaction_amount_vnd":' + number.encode() + b"}"
    assert salvaged(record) == IDS._replace(transaction_amount_vnd=amount_vnd)
