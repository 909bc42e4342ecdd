from collections.abc import Callable
from random import Random
from typing import Any

import orjson
import pytest

from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.transaction import Transaction, parse_time_ms
from producer.broken import BROKEN_KINDS, broken_record

NOW_MS = 1_767_250_000_000
REQUIRED = ("transaction_id", "event_time", "account_id", "transaction_amount_vnd")
TEXTS = ("transaction_id", "event_time", "account_id")
NUMBERS = ("transaction_amount_vnd", "biometric_failure_count", "latitude", "longitude")


def is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def has_right_types(record: dict[str, Any]) -> bool:
    return (
        all(type(record.get(name)) in {str, type(None)} for name in TEXTS)
        and all(type(record.get(name)) in {int, float, type(None)} for name in NUMBERS)
        and type(record["npl_flag"]) is bool
    )


def has_required(record: dict[str, Any]) -> bool:
    return all(record.get(name) is not None for name in REQUIRED)


def time_ms(record: dict[str, Any]) -> int | None:
    try:
        return parse_time_ms(record["event_time"])
    except ValueError:
        return None


def is_near_now(record: dict[str, Any]) -> bool:
    return abs((time_ms(record) or NOW_MS) - NOW_MS) <= DAY_MS


def has_amount(record: dict[str, Any]) -> bool:
    amount_vnd: float = record["transaction_amount_vnd"]
    return amount_vnd > 0


# The defect of each kind; a record has no other checkable defect.
CHECKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "wrong_type": has_right_types,
    "missing_field": has_required,
    "invalid_time": lambda record: time_ms(record) is not None,
    "future_time": is_near_now,
    "invalid_amount": has_amount,
    "oversize": lambda record: len(orjson.dumps(record)) <= 65_536,
}
CANNOT_BE_JUDGED = {
    "wrong_type": {"missing_field", "invalid_time", "future_time", "invalid_amount"},
    "missing_field": {"invalid_time", "future_time", "invalid_amount"},
}


def samples(kind: str) -> list[bytes]:
    rng = Random(5)
    return [broken_record(kind, rng, NOW_MS) for _ in range(200)]


def decode(data: bytes) -> dict[str, Any]:
    # 1e999 is valid JSON, but orjson rejects numbers beyond a double; another test checks its bytes.
    record: dict[str, Any] = orjson.loads(data.replace(b":1e999", b":0"))
    return record


def test_the_kinds_are_those_that_the_job_must_reject() -> None:
    assert BROKEN_KINDS == (
        "malformed_json",
        "wrong_type",
        "missing_field",
        "invalid_time",
        "future_time",
        "invalid_amount",
        "oversize",
    )


def test_malformed_json_cannot_be_parsed() -> None:
    assert not any(is_json(data) for data in samples("malformed_json"))


@pytest.mark.parametrize("kind", [kind for kind in BROKEN_KINDS if kind != "malformed_json"])
def test_a_record_has_exactly_the_claimed_defect(kind: str) -> None:
    right = set(CHECKS) - {kind} - CANNOT_BE_JUDGED.get(kind, set())
    for data in samples(kind):
        record = decode(data)
        assert not CHECKS[kind](record), data[:600]
        for other in right:
            assert CHECKS[other](record), (other, data[:600])


@pytest.mark.parametrize("amount", [b":-250000.0,", b":0,", b":1e999,"])
def test_invalid_amounts_are_negative_zero_or_out_of_range(amount: bytes) -> None:
    assert any(b'"transaction_amount_vnd"' + amount in data for data in samples("invalid_amount"))


@pytest.mark.parametrize("field", REQUIRED)
def test_every_required_field_is_sometimes_missing_or_null(field: str) -> None:
    records = [decode(data) for data in samples("missing_field")]
    assert any(field not in record for record in records)
    assert any(field in record and record[field] is None for record in records)


def test_a_future_time_is_more_than_a_day_ahead() -> None:
    for data in samples("future_time"):
        assert Transaction.from_json(data).event_time_ms > NOW_MS + DAY_MS


def test_only_oversize_records_exceed_64_kib() -> None:
    for kind in BROKEN_KINDS:
        sizes = [len(data) for data in samples(kind)]
        assert (min(sizes) > 65_536) if kind == "oversize" else (max(sizes) < 2_000), kind


def test_the_same_seed_gives_the_same_broken_records() -> None:
    for kind in BROKEN_KINDS:
        assert samples(kind) == samples(kind)


def test_an_unknown_kind_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown kind 'soggy': use one of malformed_json, wrong_type"):
        broken_record("soggy", Random(1), NOW_MS)
