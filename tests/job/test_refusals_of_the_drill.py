"""The drill expects of a refused record what the kernel says about it."""

import random
from math import isnan
from typing import Any

import pytest
from py4j.java_gateway import get_field, set_field
from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from drills.expected_refusals import FUTURE_TOLERANCE_MS, Salvaged, detail, salvaged
from drills.field_comparison import differences
from drills.load import absurd_record
from jobs.environment import start_jvm
from producer.broken import BROKEN_KINDS, MAX_RECORD_BYTES, broken_record

NOW_MS = 1_767_373_200_000
NO_TIME = -(2**63)
RECORDS_A_KIND = 150


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
    return [broken_record(kind, rng, NOW_MS) for _ in range(RECORDS_A_KIND)]


@pytest.mark.parametrize("kind", [*BROKEN_KINDS, "invalid_value"])
def test_the_drill_knows_the_reason_and_the_detail(kind: str) -> None:
    for data in records(kind):
        reason, found = refusal(data)
        assert reason == kind
        assert list(differences(found, detail(data, kind, NOW_MS))) == [], data[:200]


@pytest.mark.parametrize("kind", [*BROKEN_KINDS, "invalid_value"])
def test_the_drill_knows_what_a_review_alert_says_of_the_transaction(kind: str) -> None:
    for data in records(kind):
        assert salvaged(data) == salvaged_by_the_kernel(data), data[:400]
