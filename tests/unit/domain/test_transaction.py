from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.domain.features import ENTITIES
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import (
    COLUMN_KINDS,
    FIELD_NAMES,
    ID_FIELDS,
    Label,
    Transaction,
    TransactionKey,
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
IDS = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=20)
REQUIRED: dict[str, st.SearchStrategy[Any]] = {
    "transaction_id": IDS,
    "event_time_ms": TIMES_MS,
    "account_id": IDS,
    "transaction_amount_vnd": NUMBERS,
}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    name: st.none() | (IDS if name in ID_FIELDS else OF_KIND[COLUMN_KINDS[name]])
    for name in FIELD_NAMES
    if name not in REQUIRED
}
TRANSACTIONS = st.fixed_dictionaries(REQUIRED, optional=OPTIONAL).map(lambda fields: Transaction(**fields))
LABELS = st.builds(
    Label,
    transaction_id=IDS,
    account_id=IDS,
    event_time_ms=TIMES_MS,
    available_at_ms=TIMES_MS,
    is_fraud=st.booleans(),
    fraud_type=st.none() | st.sampled_from(FRAUD_TYPES),
    customer_id=st.none() | IDS,
    device_id=st.none() | IDS,
    merchant_id=st.none() | IDS,
    counterparty_id=st.none() | IDS,
)


@given(TRANSACTIONS)
def test_a_transaction_survives_a_json_round_trip(transaction: Transaction) -> None:
    assert Transaction.from_json(transaction.to_json()) == transaction


@given(LABELS)
def test_a_label_survives_a_json_round_trip(label: Label) -> None:
    assert Label.from_json(label.to_json()) == label


@pytest.mark.parametrize("field", ID_FIELDS)
@pytest.mark.parametrize(
    "character", ["\0", "\n", "\x1b", "\x7f", "\x9b", "\u061c", "\u200f", "\u2028", "\u202e", "\u2069"]
)
def test_a_control_character_in_an_id_is_refused_by_its_number(field: str, character: str) -> None:
    record: dict[str, Any] = {
        "transaction_id": "T",
        "event_time": "1970-01-01T00:00:00Z",
        "account_id": "A",
        "transaction_amount_vnd": 1,
        "available_at": "1970-01-01T00:00:00Z",
        "is_fraud": True,
        "city": character,
    }
    Transaction.from_json(orjson.dumps(record))
    Label.from_json(orjson.dumps(record))
    broken = orjson.dumps(record | {field: f"Đ{character}x"})
    for decode in (Transaction.from_json, Label.from_json):
        with pytest.raises(
            ValueError, match=rf"{field} has the control character U\+{ord(character):04X} in it"
        ):
            decode(broken)


def test_the_ids_of_a_record_are_those_of_the_transaction_and_the_entities() -> None:
    assert set(ID_FIELDS) == {"transaction_id", *ENTITIES}


def test_a_key_is_that_of_account_and_transaction() -> None:
    transaction = Transaction(transaction_id="T", event_time_ms=0, account_id="A", transaction_amount_vnd=1)
    label = Label(transaction_id="T", account_id="A", event_time_ms=0, available_at_ms=0, is_fraud=True)
    assert transaction.key == label.key == TransactionKey("A", "T")
    assert TransactionKey.of(orjson.loads(transaction.to_json())) == transaction.key
    assert str(transaction.key) == "A/T"


def test_a_record_has_exactly_the_fields_that_the_kernel_knows_and_never_the_label() -> None:
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


def test_unknown_fields_are_ignored() -> None:
    good = b'{"transaction_id":"T","event_time":"1970-01-01T00:00:00Z","account_id":"A"'
    good += b',"transaction_amount_vnd":1'
    assert Transaction.from_json(good + b',"is_fraud":true,"x":{"y":1}}') == Transaction.from_json(
        good + b"}"
    )


@pytest.mark.parametrize("missing", ["transaction_id", "event_time", "account_id", "transaction_amount_vnd"])
def test_a_record_without_a_required_field_is_rejected(missing: str) -> None:
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
        # Digits after the millisecond are truncated towards the past, as in the kernel.
        ("1969-12-31T23:59:59.9995Z", -1),
        ("2026-01-02T03:04:05.678Z", 1_767_323_045_678),
        # Letters of either case, no seconds, up to nine decimal places.
        ("2026-01-02t03:04:05.678z", 1_767_323_045_678),
        ("2026-01-02T03:04Z", 1_767_323_040_000),
        ("2026-01-02T03:04:05.Z", 1_767_323_045_000),
        ("2026-01-02T03:04:05.6Z", 1_767_323_045_600),
        ("2026-01-02T03:04:05.678999999Z", 1_767_323_045_678),
        # An offset has hours, and optionally minutes and seconds.
        ("2026-01-02T10:04:05+07", 1_767_323_045_000),
        ("2026-01-02T10:04:35+07:00:30", 1_767_323_045_000),
        ("2026-01-01T23:34:05-03:30", 1_767_323_045_000),
        ("2026-01-02T21:04:05+18:00", 1_767_323_045_000),
        # The first and the last millisecond, in UTC and in an offset where the year is a different one.
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("0000-12-31T23:00:00-02:00", -62_135_593_200_000),
        ("9998-12-31T23:59:59.999Z", 253_370_764_799_999),
        ("9999-01-01T05:00:00+07:00", 253_370_757_600_000),
        ("2026-01-02T03:04:05.1239999999999Z", 1_767_323_045_123),
        ("2026-01-03T02:04:05+23:00", 1_767_323_045_000),
        # A leap second is the first second of the next day.
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2017-01-01T06:59:60.5+07:00", 1_483_228_800_500),
    ],
)
def test_a_time_is_parsed_to_the_millisecond(text: str, time_ms: int) -> None:
    assert parse_time_ms(text) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        *("", "Z", "yesterday", "1767323045678", "2026-01-02", "2026-01-02Z", "2026-01-02T03Z"),
        # No offset, another letter than T, text before or after it.
        *("2026-01-02T03:04:05", "2026-01-02 03:04:05Z", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z\n"),
        # ISO 8601, but not RFC 3339.
        *("20260102T030405Z", "2026-W01-1T03:04:05Z", "2026-002T03:04:05Z", "2026-01-02T03:04:05,678Z"),
        # An hour, minute or second out of range.
        *(
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:60:00Z",
            "2026-01-02T03:04:60Z",
            "2016-12-31T23:59:60+07:00",
        ),
        # Other notations of an offset.
        *("2026-01-02T03:04:05+7", "2026-01-02T03:04:05+0700", "2026-01-02T03:04:05+07:60"),
        "2026-01-02T03:04:05\N{MINUS SIGN}07:00",
        # Digits other than 0 to 9.
        "\N{ARABIC-INDIC DIGIT TWO}026-01-02T03:04:05Z",
    ],
)
def test_a_text_that_is_not_a_time_with_an_offset_is_rejected(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"not an RFC 3339 time with a UTC offset.*; write it like 2026-01-02T03"
    ):
        parse_time_ms(text)


@pytest.mark.parametrize("text", ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z"])
def test_a_day_that_does_not_exist_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r"day is out of range|month must be in"):
        parse_time_ms(text)


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+07:00", "9999-01-01T00:00:00Z"),
        "9998-12-31T20:00:00-07:00",
    ],
)
def test_a_time_outside_the_kernels_years_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="outside the years 1 to 9998 in UTC"):
        parse_time_ms(text)


@given(TIMES_MS)
def test_a_written_time_is_parsed_to_the_same_value(time_ms: int) -> None:
    assert parse_time_ms(format_time(time_ms)) == time_ms
