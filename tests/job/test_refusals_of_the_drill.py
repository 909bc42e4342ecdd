"""The drill expects of a refused record what the kernel says about it."""

import random
from math import isnan
from typing import Any

import pytest
from py4j.java_gateway import get_field, set_field
from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from drills.expected_refusals import FUTURE_TOLERANCE_MS, SALVAGED_BYTES, Salvaged, detail, salvaged
from drills.field_comparison import differences
from drills.load import absurd_record, damaged_aggregate
from jobs.environment import start_jvm
from producer.broken import BROKEN_KINDS, MAX_RECORD_BYTES, broken_record

NOW_MS = 1_767_373_200_000
NO_TIME = -(2**63)
RECORDS_A_KIND = 150
KINDS = (*BROKEN_KINDS, "invalid_value", "aggregation")
BEGIN = b'{"transaction_id":"T1","account_id":"A1"'
AMOUNT = b',"transaction_amount_vnd":5}'
BROKEN_NUMBERS = [
    *("7x", "7.", "7.5.1", "7e", "7e+", "7e1e", "7.5e1.", "07", "-07", "7-", "-", "-.5", ".5", "+7", "7["),
    *("NaN", "Infinity", "-Infinity", "[NaN]", "7e9999", "7 8", "7\u00a0", "7\v", "\u00a07"),
]
BEFORE_A_RECORD = ["", " \t\r\n", "\ufeff", "\ufeff ", " \ufeff", "\ufeff\ufeff", "\u00a0", "\f"]
NOT_UTF8 = [b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]


@pytest.fixture(scope="module", autouse=True)
def _running_jvm() -> None:
    start_jvm({})


def refusal(data: bytes) -> tuple[str, str]:
    """Return the reason and the detail with which the kernel refuses a record."""
    record_package = get_gateway().jvm.fraudstream.kernel.record
    parser = record_package.TransactionParser(MAX_RECORD_BYTES, FUTURE_TOLERANCE_MS)
    with pytest.raises(Py4JJavaError) as refused:
        parser.parse(data, NOW_MS)
    error: Any = refused.value.java_exception
    return error.getClass().getField("refusal").get(error).toString().lower(), error.getMessage()


def salvaged_by_the_kernel(data: bytes) -> Salvaged:
    record_package = get_gateway().jvm.fraudstream.kernel.record
    event = record_package.Event()
    set_field(event, "raw", data)
    record_package.Salvage.read(event)
    time_ms, amount_vnd = get_field(event, "timeMs"), get_field(event, "amountVnd")
    return Salvaged(
        get_field(event, "transactionId"),
        get_field(event, "ids")[0],
        None if time_ms == NO_TIME else time_ms,
        None if isnan(amount_vnd) else amount_vnd,
    )


def records(kind: str) -> list[bytes]:
    rng = random.Random(3)
    if kind == "invalid_value":
        return [absurd_record(NOW_MS)]
    if kind == "aggregation":
        return [damaged_aggregate(NOW_MS).record.data]
    return [broken_record(kind, rng, NOW_MS) for _ in range(RECORDS_A_KIND)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_drill_knows_the_reason_and_the_detail(kind: str) -> None:
    for data in records(kind):
        reason, found = refusal(data)
        assert reason == kind
        assert list(differences(found, detail(data, kind, NOW_MS))) == [], data[:200]


@pytest.mark.parametrize("kind", KINDS)
def test_the_drill_knows_what_a_review_alert_says_of_the_transaction(kind: str) -> None:
    for data in records(kind):
        assert salvaged(data) == salvaged_by_the_kernel(data), data[:400]


@pytest.mark.parametrize(
    "place",
    [b',"city":"%b"', b',"note%b":1', b',"transaction_amount_vnd":7%b', b',"latitude":1%b0', b" %b", b",%b"],
    ids=["text", "name", "after a number", "in a number", "after a field", "before a name"],
)
@pytest.mark.parametrize("damaged", [*NOT_UTF8, "ế€😀".encode()])
def test_the_drill_reads_as_far_as_the_kernel_where_bytes_are_not_utf8(place: bytes, damaged: bytes) -> None:
    data = BEGIN + place % damaged + AMOUNT
    assert salvaged(data) == salvaged_by_the_kernel(data)


@pytest.mark.parametrize("number", BROKEN_NUMBERS)
@pytest.mark.parametrize("name", ["transaction_amount_vnd", "latitude"])
def test_the_drill_reads_as_far_as_the_kernel_where_a_number_is_broken(name: str, number: str) -> None:
    broken = f',"{name}":{number},"event_time":"2026-01-02T17:00:00Z"}}'
    assert salvaged(BEGIN + broken.encode()) == salvaged_by_the_kernel(BEGIN + broken.encode())


@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_the_drill_reads_as_far_as_the_kernel_where_the_limit_cuts_a_character(room: int) -> None:
    start = BEGIN + b',"city":"'
    data = start + b"x" * (SALVAGED_BYTES - len(start) - room) + "ế".encode() + b'"' + AMOUNT
    assert salvaged(data) == salvaged_by_the_kernel(data)


@pytest.mark.parametrize("before", BEFORE_A_RECORD)
def test_the_drill_reads_as_far_as_the_kernel_whatever_comes_first(before: str) -> None:
    data = before.encode() + BEGIN + AMOUNT
    assert salvaged(data) == salvaged_by_the_kernel(data)
