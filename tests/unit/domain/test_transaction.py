from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import (
    COLUMN_KINDS,
    FIELD_NAMES,
    Label,
    Transaction,
    format_time,
    parse_time_ms,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TIMES_MS = st.integers(
    int(datetime(1900, 1, 1, tzinfo=UTC).timestamp()) * 1000,
    int(datetime(9998, 12, 31, tzinfo=UTC).timestamp()) * 1000,
)
OF_KIND: dict[str, st.SearchStrategy[Any]] = {"text": TEXTS, "number": NUMBERS, "flag": st.booleans()}
REQUIRED: dict[str, st.SearchStrategy[Any]] = {
    "transaction_id": TEXTS,
    "event_time_ms": TIMES_MS,
    "account_id": TEXTS,
    "transaction_amount_vnd": NUMBERS,
}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    name: st.none() | OF_KIND[COLUMN_KINDS[name]] for name in FIELD_NAMES if name not in REQUIRED
}
TRANSACTIONS = st.fixed_dictionaries(REQUIRED, optional=OPTIONAL).map(lambda fields: Transaction(**fields))
LABELS = st.builds(
    Label,
    transaction_id=TEXTS,
    account_id=TEXTS,
    event_time_ms=TIMES_MS,
    available_at_ms=TIMES_MS,
    is_fraud=st.booleans(),
    fraud_type=st.none() | st.sampled_from(FRAUD_TYPES),
    customer_id=st.none() | TEXTS,
    device_id=st.none() | TEXTS,
    merchant_id=st.none() | TEXTS,
    counterparty_id=st.none() | TEXTS,
)


@given(TRANSACTIONS)
def test_a_transaction_comes_back_from_json_as_it_was(transaction: Transaction) -> None:
    assert Transaction.from_json(transaction.to_json()) == transaction


@given(LABELS)
def test_a_label_comes_back_from_json_as_it_was(label: Label) -> None:
    assert Label.from_json(label.to_json()) == label


def test_a_record_has_exactly_the_fields_that_the_kernel_knows_and_never_the_truth() -> None:
    transaction = Transaction(
        transaction_id="T", event_time_ms=1_767_323_045_678, account_id="A", transaction_amount_vnd=1
    )
    record = orjson.loads(transaction.to_json())
    assert set(record) == set(COLUMN_KINDS)
    assert record["event_time"] == "2026-01-02T03:04:05.678Z"
    assert {name for name, value in record.items() if value is not None} == {
        "transaction_id",
        "event_time",
        "account_id",
        "transaction_amount_vnd",
    }
    assert not {"is_fraud", "fraud_type", "label", "available_at"} & set(record)


def test_unknown_fields_are_left_out() -> None:
    good = b'{"transaction_id":"T","event_time":"1970-01-01T00:00:00Z","account_id":"A"'
    good += b',"transaction_amount_vnd":1'
    assert Transaction.from_json(good + b',"is_fraud":true,"x":{"y":1}}') == Transaction.from_json(
        good + b"}"
    )


@pytest.mark.parametrize("missing", ["transaction_id", "event_time", "account_id", "transaction_amount_vnd"])
def test_a_record_without_a_required_field_is_refused(missing: str) -> None:
    record = {
        "transaction_id": "T",
        "event_time": "1970-01-01T00:00:00Z",
        "account_id": "A",
        "transaction_amount_vnd": 1,
    }
    del record[missing]
    with pytest.raises((KeyError, TypeError), match=missing):
        Transaction.from_json(orjson.dumps(record))


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T07:00:00.001+07:00", 1),
        ("1970-01-01T00:00:00.001999Z", 1),
        ("1969-12-31T23:59:59.999Z", -1),
        # Digits past the millisecond are cut off towards the past, as the kernel does.
        ("1969-12-31T23:59:59.9995Z", -1),
        ("2026-01-02T03:04:05.678Z", 1_767_323_045_678),
    ],
)
def test_a_time_is_read_to_the_millisecond(text: str, time_ms: int) -> None:
    assert parse_time_ms(text) == time_ms


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-29T00:00:00Z", "2026-01-02T03:04:05"])
def test_what_is_no_time_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|day is out of range|has no UTC offset; write RFC 3339"):
        parse_time_ms(text)


@given(TIMES_MS)
def test_a_time_that_is_written_is_read_again(time_ms: int) -> None:
    assert parse_time_ms(format_time(time_ms)) == time_ms
