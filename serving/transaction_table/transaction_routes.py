"""Routes that read an account's transactions from the transaction table."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Path, Query, Response

from fraudstream.domain.transaction import END_MS, FIRST_MS, format_time, parse_time_ms
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AwsCredentialsError
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.web.guarded_routes import guarded_router
from fraudstream.web.problem_details import Problem, ProblemFormat
from fraudstream.web.problem_openapi import refusals
from serving.serving_names import LOGGER
from serving.transaction_table.table_writer import TransactionTableError
from serving.transaction_table.transaction_reader import (
    CursorError,
    FoundTransaction,
    TimeRange,
    TransactionReader,
    cursor_position,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

READ_TRANSACTIONS: Final = "transactions:read"
MAX_PAGE: Final = 500
DEFAULT_PAGE: Final = 100
CALL_TIMEOUT_S: Final = 3.0
RETRY_AFTER_S: Final = 5
END: Final = "to"
CURSOR: Final = "cursor"
WRITE_A_TIME: Final = "write an RFC 3339 time with an offset, like 2026-01-02T03:04:05Z"
AFTER_FROM: Final = "give a time after that of from"
SAME_QUERY: Final = "give `next_cursor` of a page with the same from and to"
NOT_CONFIGURED: Final = (
    "this service has no transaction table: set DECISION_API_TRANSACTION_TABLE to the DynamoDB table that "
    "`fraudstream transaction-table` fills"
)
_EXAMPLE: Final[dict[str, Any]] = {
    "transaction": {
        "transaction_id": "T-1001",
        "event_time": "2026-01-02T03:04:05.678Z",
        "account_id": "ACC-1",
        "transaction_amount_vnd": 1_500_000,
    },
    "arrival_time": "2026-01-02T03:04:06.001Z",
    "score": {"score": 0.02, "model_version": "v1"},
    "alert": None,
}

Account = Annotated[str, Path(min_length=1, max_length=256, description="The account's id")]
OpenReader = Callable[[], TransactionReader]


def reader_of(table: str | None, settings: AwsSettings, stop: StopSignal) -> OpenReader:
    """Return a function that opens the table with the first call, and later returns the same reader.

    The function raises a `Problem` with 503 if there is no table, and `TransactionTableError` without
    credentials.
    """
    opened: list[TransactionReader] = []

    def open_reader() -> TransactionReader:
        if table is None:
            raise Problem(503, NOT_CONFIGURED)
        if not opened:
            opened.append(TransactionReader(_client(settings, stop), table))
        return opened[0]

    return open_reader


def _client(settings: AwsSettings, stop: StopSignal) -> "DynamoDBClient":
    def make() -> "DynamoDBClient":
        return aws_client("dynamodb", settings, read_timeout_s=CALL_TIMEOUT_S)

    try:
        return bounded_client(make, stop, deadlines_s={"query": CALL_TIMEOUT_S})
    except AwsCredentialsError as error:
        raise TransactionTableError(str(error)) from error


def transaction_router(
    problems: ProblemFormat, open_reader: OpenReader, now_s: Callable[[], float] = time.time
) -> APIRouter:
    """Return the routes, whose handlers run in threads, as they wait for the table."""
    router = guarded_router(problems, READ_TRANSACTIONS)

    @router.get(
        "/v1/accounts/{account_id}/transactions",
        summary="Transactions of an account",
        response_class=Response,
        responses={
            200: _documented({"account_id": "ACC-1", "transactions": [_EXAMPLE], "next_cursor": None}),
            **refusals(problems, 503),
        },
    )
    def transactions(  # noqa: PLR0913, PLR0917 - the parameters of the route
        account_id: Account,
        start: Annotated[str | None, Query(alias="from", description="First event time, RFC 3339")] = None,
        end: Annotated[str | None, Query(alias=END, description="End of the event times, exclusive")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Transactions of a page")] = DEFAULT_PAGE,
        cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
        order: Annotated[Literal["newest", "oldest"], Query(description="Order by event time")] = "newest",
    ) -> Response:
        """Return a page of an account's transactions, newest first, with scores and alerts."""
        times = _times(start, end)
        after = None if cursor is None else _after(cursor, times)
        is_newest_first = order == "newest"
        page = _read(
            lambda: open_reader().page(
                account_id,
                times,
                limit=limit,
                now_s=int(now_s()),
                after=after,
                is_newest_first=is_newest_first,
            )
        )
        shown = [_shown(each) for each in page.transactions]
        return _json({"account_id": account_id, "transactions": shown, "next_cursor": page.next_cursor})

    @router.get(
        "/v1/accounts/{account_id}/transactions/{transaction_id}",
        summary="One transaction of an account",
        response_class=Response,
        responses={200: _documented(_EXAMPLE), **refusals(problems, 404, 503)},
    )
    def transaction(
        account_id: Account,
        transaction_id: Annotated[
            str, Path(min_length=1, max_length=256, description="The transaction's id")
        ],
    ) -> Response:
        """Return a transaction with its score and alert; 404 if the table does not have it, or not yet."""
        found = _read(lambda: open_reader().transaction(account_id, transaction_id, int(now_s())))
        if found is None:
            detail = "the table has no such transaction of this account; it may not have arrived yet"
            raise Problem(404, detail)
        return _json(_shown(found))

    return router


def _read(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - the answer of the call
    try:
        return call()
    except TransactionTableError as error:
        LOGGER.error("transaction table unreachable", error=str(error))
        detail = f"the transaction table can't be read: try again in {RETRY_AFTER_S} s"
        raise Problem(503, detail, {"Retry-After": str(RETRY_AFTER_S)}) from error


def _times(start: str | None, end: str | None) -> TimeRange:
    times = TimeRange(_time("from", start, FIRST_MS), _time(END, end, END_MS))
    if times.from_ms >= times.to_ms:
        raise _invalid(END, end or format_time(times.to_ms), AFTER_FROM)
    return times


def _time(name: str, text: str | None, default_ms: int) -> int:
    if text is None:
        return default_ms
    try:
        return parse_time_ms(text)
    except ValueError:
        raise _invalid(name, text, WRITE_A_TIME) from None


def _after(cursor: str, times: TimeRange) -> str:
    try:
        return cursor_position(cursor, times)
    except CursorError:
        raise _invalid(CURSOR, cursor, SAME_QUERY) from None


def _invalid(name: str, value: str, remedy: str) -> Problem:
    shown = repr(value[:100])
    errors = [{"field": f"query.{name}", "value": shown, "remedy": remedy}]
    return Problem(422, f"query.{name}={shown}: {remedy}", members={"errors": errors})


def _shown(found: FoundTransaction) -> dict[str, Any]:
    return {
        "transaction": orjson.Fragment(found.transaction.record),
        "arrival_time": format_time(found.transaction.arrival_ms),
        "score": None if found.score is None else orjson.Fragment(found.score),
        "alert": None if found.alert is None else orjson.Fragment(found.alert),
    }


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _documented(example: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"type": "object"}, "example": example}}}
