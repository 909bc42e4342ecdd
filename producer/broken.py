"""Invalid records, each with one defect, to test that the job rejects them."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import orjson

from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.transaction import Transaction, format_time

MAX_RECORD_BYTES: Final = 65_536
"""Largest record that the job reads by default."""
FUTURE_MARGIN_MS: Final = (HOUR_MS, 30 * DAY_MS)
"""Range of the time beyond one day ahead. The hour keeps a record in the future until it is read."""

_REQUIRED: Final = ("transaction_id", "event_time", "account_id", "transaction_amount_vnd")
_WRONG_TYPES: Final[tuple[tuple[str, Any], ...]] = (
    ("transaction_amount_vnd", "a million"),
    ("transaction_amount_vnd", [250_000]),
    ("transaction_amount_vnd", True),
    ("account_id", {"number": 7}),
    ("transaction_id", ["T1"]),
    ("biometric_failure_count", "many"),
    ("npl_flag", "perhaps"),
    ("latitude", {"degrees": 10.8}),
)
_NOT_TIMES: Final = (
    "yesterday",
    "",
    "2026-13-01T08:00:00.000Z",
    "2026-02-30T08:00:00.000Z",
    "2026-01-01T25:00:00.000Z",
    "2026-01-01T08:00:00.000",
)
"""Not a time at all, an impossible month, day or hour, and a time without an offset from UTC."""


def broken_record(kind: str, rng: Random, now_ms: int) -> bytes:
    """Make a record with one defect, ``kind`` from `BROKEN_KINDS`; everything else in it is valid.

    Raises ``ValueError`` for an unknown kind.
    """
    if kind not in _BREAKERS:
        msg = f"unknown kind {kind!r}: use one of {', '.join(BROKEN_KINDS)}"
        raise ValueError(msg)
    return _BREAKERS[kind](_sound_record(rng, now_ms), rng, now_ms)


def _sound_record(rng: Random, now_ms: int) -> dict[str, Any]:
    number = rng.randrange(10**9)
    transaction = Transaction(
        transaction_id=f"BROKEN-{number:09d}",
        event_time_ms=now_ms,
        account_id=f"ACC_BROKEN_{number % 1_000:03d}",
        transaction_amount_vnd=250_000.0,
        transaction_type="transfer",
        channel="mobile",
        biometric_failure_count=0,
        latitude=10.7769,
        longitude=106.7009,
        npl_flag=False,
        status="completed",
        currency="VND",
        country="VN",
    )
    record: dict[str, Any] = orjson.loads(transaction.to_json())
    return record


def _malformed_json(record: dict[str, Any], rng: Random, _now_ms: int) -> bytes:
    data = orjson.dumps(record)
    cut = rng.randint(1, len(data) - 1)
    return rng.choice((data[:cut], data.replace(b":", b"", 1), b"\xff\xfe" + data))


def _wrong_type(record: dict[str, Any], rng: Random, _now_ms: int) -> bytes:
    field, value = rng.choice(_WRONG_TYPES)
    return orjson.dumps(record | {field: value})


def _missing_field(record: dict[str, Any], rng: Random, _now_ms: int) -> bytes:
    missing = rng.choice(_REQUIRED)
    if rng.choice((True, False)):
        return orjson.dumps(record | {missing: None})
    return orjson.dumps({name: value for name, value in record.items() if name != missing})


def _invalid_time(record: dict[str, Any], rng: Random, _now_ms: int) -> bytes:
    return orjson.dumps(record | {"event_time": rng.choice(_NOT_TIMES)})


def _future_time(record: dict[str, Any], rng: Random, now_ms: int) -> bytes:
    ahead_ms = DAY_MS + rng.randint(*FUTURE_MARGIN_MS)
    return orjson.dumps(record | {"event_time": format_time(now_ms + ahead_ms)})


def _invalid_amount(record: dict[str, Any], rng: Random, _now_ms: int) -> bytes:
    # 1e999 is valid JSON that overflows to infinity as a double. No encoder writes it, so it is patched in.
    amount = rng.choice((b"-250000.0", b"0", b"1e999"))
    marker = b'"transaction_amount_vnd":'
    return orjson.dumps(record).replace(marker + b"250000.0", marker + amount)


def _oversize(record: dict[str, Any], rng: Random, _now_ms: int) -> bytes:
    return orjson.dumps(record | {"note": "x" * (MAX_RECORD_BYTES + rng.randrange(MAX_RECORD_BYTES))})


_BREAKERS: Final[dict[str, Callable[[dict[str, Any], Random, int], bytes]]] = {
    "malformed_json": _malformed_json,
    "wrong_type": _wrong_type,
    "missing_field": _missing_field,
    "invalid_time": _invalid_time,
    "future_time": _future_time,
    "invalid_amount": _invalid_amount,
    "oversize": _oversize,
}
BROKEN_KINDS: Final = tuple(_BREAKERS)
