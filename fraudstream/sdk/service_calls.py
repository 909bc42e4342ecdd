"""Requests of the SDK and the reading of their answers, without any input or output."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, cast

import orjson

from fraudstream.domain.transaction import Transaction
from fraudstream.sdk.sdk_answers import FraudCheck
from fraudstream.sdk.sdk_errors import RequestRefusedError, UnexpectedAnswerError
from fraudstream.sdk.service_access import sendable

TransactionInput = Mapping[str, Any] | Transaction
"""A transaction as a mapping of its JSON fields, or as the library's own type."""

MAX_PER_CALL: Final = 500
"""Most transactions of one request; the SDK divides more into several requests."""
MAX_BODY_BYTES: Final = 1_000_000
"""Largest body of several transactions; the API takes a little more by default."""
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
_IDENTITY_FIELDS: Final = ("transaction_id", "event_time")
"""With both, the stream recognises a repeated transaction; without, the service would make up new ones."""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One POST request with a JSON body.

    ``is_repeatable``: sending it again, although the service may have acted on it, changes nothing further.
    """

    path: str
    body: bytes
    is_repeatable: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    results: str = ""
    """The list of the answer that has a result for each of ``count`` transactions; none if it is empty."""
    count: int = 1


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """Status, ``Retry-After`` and reason phrase of an answer, and its body."""

    status: int
    reason: str
    retry_after: str | None
    body: bytes


@dataclass(slots=True)
class _Chunk:
    """The transactions of one request, as JSON."""

    records: list[bytes] = field(default_factory=list)
    is_identified: bool = True
    """Whether the stream recognises each of them if it is repeated."""
    _bytes: int = 2

    def is_full(self, record: bytes) -> bool:
        """Whether another record has no place in it. One that is too large alone is for the API to refuse."""
        is_too_large = self._bytes + len(record) > MAX_BODY_BYTES
        return bool(self.records) and (len(self.records) == MAX_PER_CALL or is_too_large)

    def add(self, record: bytes, *, is_identified: bool) -> None:
        """Add a record."""
        self.records.append(record)
        self._bytes += len(record) + 1
        self.is_identified = self.is_identified and is_identified

    def body(self) -> bytes:
        """Return the array of the records."""
        return b"[%s]" % b",".join(self.records)


def check_call(transaction: TransactionInput) -> ServiceCall:
    """Return the request of ``POST /api/check-fraud``."""
    return ServiceCall("/api/check-fraud", encoded(transaction), is_repeatable=True)


def decision_calls(
    transactions: TransactionInput | Sequence[TransactionInput], *, features: bool, record: bool
) -> list[ServiceCall]:
    """Return the requests of ``POST /v1/decisions``; raises ``ValueError`` as `encoded` does."""
    chosen = {"features": features, "record": record}
    query = "&".join(f"{name}=true" for name, is_set in chosen.items() if is_set)
    path = f"/v1/decisions?{query}" if query else "/v1/decisions"
    return [
        ServiceCall(
            path,
            chunk.body(),
            is_repeatable=not record or chunk.is_identified,
            results="decisions",
            count=len(chunk.records),
        )
        for chunk in _chunks(transactions)
    ]


def send_calls(
    transactions: TransactionInput | Sequence[TransactionInput], idempotency_key: str | None = None
) -> list[ServiceCall]:
    """Return the requests of ``POST /v1/transactions``, each with an idempotency key, by default a new one.

    Raises ``ValueError`` if there is one key for several requests, if the key can't be sent in a header, and
    as `encoded` does.
    """
    found = list(_chunks(transactions))
    if idempotency_key is not None and len(found) > 1:
        msg = (
            f"an idempotency key is for one request, {MAX_PER_CALL} transactions and {MAX_BODY_BYTES:,} "
            "bytes at most: send them in several calls"
        )
        raise ValueError(msg)
    key = sendable("idempotency_key", idempotency_key)
    return [
        ServiceCall(
            "/v1/transactions",
            chunk.body(),
            is_repeatable=True,
            headers={IDEMPOTENCY_HEADER: key or uuid.uuid4().hex},
            results="results",
            count=len(chunk.records),
        )
        for chunk in found
    ]


def _chunks(transactions: TransactionInput | Sequence[TransactionInput]) -> Iterator[_Chunk]:
    """Yield the transactions in order, as many at a time as a request may have."""
    if isinstance(transactions, Mapping | Transaction):
        transactions = [transactions]
    chunk = _Chunk()
    for transaction in transactions:
        record = encoded(transaction)
        if chunk.is_full(record):
            yield chunk
            chunk = _Chunk()
        chunk.add(record, is_identified=_is_identified(transaction))
    if chunk.records:
        yield chunk


def encoded(value: TransactionInput) -> bytes:
    """Encode a transaction as JSON; a time needs a UTC offset, a `Decimal` becomes a number.

    Raises ``ValueError`` for a value that JSON does not have.
    """
    try:
        # Passed through, a `Transaction` is encoded by itself: its times are in milliseconds.
        return orjson.dumps(value, default=_json_value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except (TypeError, ValueError) as error:
        msg = f"the transaction can't be sent as JSON: {error}; use text, numbers, booleans and times"
        raise ValueError(msg) from error


def check_of(answer: object) -> FraudCheck:
    """Return the answer to `check_call`; raises `UnexpectedAnswerError` if it is not an object."""
    if not isinstance(answer, dict):
        msg = f"the answer is not the decision API's: {type(answer).__name__}, not an object; check the URL"
        raise UnexpectedAnswerError(msg)
    return cast("FraudCheck", answer)


def results_of(answer: object, call: ServiceCall) -> list[dict[str, Any]]:
    """Return the results in the answer to a call, one for each of its transactions.

    Raises `UnexpectedAnswerError` if the answer has another shape.
    """
    found = answer.get(call.results) if isinstance(answer, dict) else None
    if not isinstance(found, list) or len(found) != call.count:
        msg = (
            f"the answer is not the decision API's: it has no list {call.results!r} of {call.count}; "
            "check the URL"
        )
        raise UnexpectedAnswerError(msg)
    return found


def _json_value(value: object) -> object:
    if isinstance(value, Transaction):
        return orjson.Fragment(value.to_json())
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return list(value)
    raise TypeError


def _is_identified(transaction: TransactionInput) -> bool:
    return isinstance(transaction, Transaction) or all(transaction.get(name) for name in _IDENTITY_FIELDS)


def read_answer(answer: ServiceAnswer) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of an answer.

    Raises `RequestRefusedError` for a refusal and `UnexpectedAnswerError` if an accepting answer is no JSON.
    """
    is_accepted = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        if is_accepted:
            msg = f"{answer.status}: the answer is not the decision API's: {error}; check the URL"
            raise UnexpectedAnswerError(msg) from None
        found = None
    if is_accepted:
        return found
    members = found if isinstance(found, dict) else {}
    title = str(members.get("title") or answer.reason)
    raise RequestRefusedError(answer.status, title, members, _seconds(answer.retry_after))


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header, a number or a date; None if it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())
