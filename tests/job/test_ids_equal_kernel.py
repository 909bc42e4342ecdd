"""Python and the kernel accept the same characters in the ids of transactions and labels."""

import json
from typing import Any, Final

import pytest
from py4j.protocol import Py4JJavaError
from pyflink.java_gateway import get_gateway

from fraudstream.domain.transaction import check_ids
from jobs.environment import start_jvm

CHARACTERS: Final = [chr(unit) for unit in range(0x1_0000) if not 0xD800 <= unit < 0xE000] + [
    "😀",
    "\U000e0001",
]
LONGEST: Final = 250
GOOD: Final = {
    "transaction_id": "T",
    "account_id": "A",
    "event_time": "2026-01-02T03:04:05Z",
    "available_at": "2026-01-02T03:04:05Z",
    "transaction_amount_vnd": 1,
    "is_fraud": True,
}


def is_refused_by_python(text: str) -> bool:
    try:
        check_ids({"device_id": text})
    except ValueError:
        return True
    return False


@pytest.fixture(scope="module")
def parsers() -> list[Any]:
    """Return both parsers of the kernel."""
    start_jvm({})
    record = get_gateway().jvm.fraudstream.kernel.record
    transactions, labels = record.TransactionParser(65_536, -1), record.LabelParser(65_536)
    return [lambda data: transactions.parse(data, 0), labels.parse]


def refusal(parse: Any, text: str) -> str | None:  # noqa: ANN401 - a method of the JVM
    record = GOOD | {"device_id": f"D{text}"}
    try:
        parse(json.dumps(record).encode())
    except Py4JJavaError as error:
        return str(error.java_exception.getMessage())
    return None


def test_the_kernel_accepts_every_character_that_python_accepts(parsers: list[Any]) -> None:
    accepted = "".join(each for each in CHARACTERS if not is_refused_by_python(each))
    texts = [accepted[place : place + LONGEST] for place in range(0, len(accepted), LONGEST)]
    assert len(accepted) > 60_000
    for parse in parsers:
        assert [text for text in texts if refusal(parse, text)] == []


def test_the_kernel_refuses_every_character_that_python_refuses(parsers: list[Any]) -> None:
    refused = [each for each in CHARACTERS if is_refused_by_python(each)]
    # C0, DEL and C1; U+061C, U+200E and U+200F; U+2028 to U+202E; U+2066 to U+2069.
    assert len(refused) == 32 + 33 + 3 + 7 + 4
    for parse in parsers:
        expected = [f"device_id has the control character U+{ord(each):04X} in it" for each in refused]
        assert [(refusal(parse, each) or "").split(";")[0] for each in refused] == expected
