"""Reads an account's transactions, with their scores and alerts, from the transaction table."""

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fraudstream.domain.transaction import END_MS, FIRST_MS, format_time
from serving.transaction_table.table_items import (
    ACCOUNT,
    BY_TRANSACTION,
    PREFIXES,
    SORT,
    TRANSACTION,
    ItemKind,
    Stored,
    is_sort_key,
    stored,
)
from serving.transaction_table.table_writer import transaction_table_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

MAX_CURSOR_CHARACTERS: Final = 2_000


class CursorError(ValueError):
    """A cursor that no page of this query has returned."""


class TimeRange(NamedTuple):
    """Event times from ``from_ms`` (inclusive) to ``to_ms`` (exclusive), in epoch milliseconds."""

    from_ms: int = FIRST_MS
    to_ms: int = END_MS

    @property
    def sort_keys(self) -> tuple[str, str]:
        """Both ends as sort keys: a key has more characters than its time, so the second is never met."""
        return format_time(self.from_ms), format_time(self.to_ms)


class FoundTransaction(NamedTuple):
    """A transaction with the score and the alert that the table has for it, each as JSON."""

    transaction: Stored
    score: bytes | None
    alert: bytes | None


class TransactionPage(NamedTuple):
    """A page of transactions, and the cursor of the next one; None after the last."""

    transactions: list[FoundTransaction]
    next_cursor: str | None


def cursor_of(sort: str) -> str:
    """Return the cursor of the page after an item."""
    return base64.urlsafe_b64encode(sort.encode()).decode().rstrip("=")


def cursor_position(cursor: str, times: TimeRange) -> str:
    """Return the sort key in a cursor; raises `CursorError` unless it lies in the range of the query.

    A cursor is not signed: it names a place within the account that the caller may read anyway.
    """
    try:
        if len(cursor) > MAX_CURSOR_CHARACTERS:
            raise CursorError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        sort = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error):
        raise CursorError from None
    first, end = times.sort_keys
    if not is_sort_key(sort) or not first <= sort < end:
        raise CursorError
    return sort


class TransactionReader:
    """Reads from the table ``table``; expired items are left out, also those that DynamoDB still has.

    Its methods raise `TransactionTableError`.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(  # noqa: PLR0913 - the parts of a query
        self,
        account_id: str,
        times: TimeRange,
        *,
        limit: int,
        now_s: int,
        after: str | None = None,
        is_newest_first: bool = True,
    ) -> TransactionPage:
        """Return up to ``limit`` transactions by event time, behind the sort key ``after``."""
        found: list[Stored] = []
        start = None if after is None else _key(account_id, after)
        while len(found) < limit:
            answer = self._query(
                account_id,
                "transaction",
                times.sort_keys,
                limit - len(found),
                start,
                is_newest_first=is_newest_first,
            )
            found += _valid(answer, now_s)
            start = answer.get("LastEvaluatedKey")
            if not start:
                break
        next_cursor = cursor_of(start[SORT]["S"]) if start else None
        return TransactionPage(self._with_facts(account_id, found, now_s), next_cursor)

    def transaction(self, account_id: str, transaction_id: str, now_s: int) -> FoundTransaction | None:
        """Return a transaction by its id: of several with the same id, the first to arrive, as in the job."""
        with transaction_table_errors(self._table):
            answer = self._client.query(
                TableName=self._table,
                IndexName=BY_TRANSACTION,
                KeyConditionExpression="#account = :account AND #transaction = :transaction",
                ExpressionAttributeNames={"#account": ACCOUNT, "#transaction": TRANSACTION},
                ExpressionAttributeValues={
                    ":account": {"S": account_id},
                    ":transaction": {"S": transaction_id},
                },
            )
        items = _valid(answer, now_s)
        transactions = [each for each in items if each.kind == "transaction"]
        if not transactions:
            return None
        return _joined(min(transactions, key=lambda each: each.arrival_ms), items)

    def _with_facts(self, account_id: str, found: list[Stored], now_s: int) -> list[FoundTransaction]:
        """Return transactions with scores and alerts, which the same range of sort keys has."""
        if not found:
            return []
        ends = sorted((found[0].sort, found[-1].sort))
        facts = [*self._all(account_id, "score", ends, now_s), *self._all(account_id, "alert", ends, now_s)]
        by_sort: dict[str, list[Stored]] = {}
        for each in facts:
            by_sort.setdefault(each.sort, []).append(each)
        return [_joined(each, by_sort.get(each.sort, [])) for each in found]

    def _all(self, account_id: str, kind: ItemKind, ends: list[str], now_s: int) -> list[Stored]:
        items: list[Stored] = []
        start = None
        while True:
            answer = self._query(account_id, kind, (ends[0], ends[1]), None, start, is_newest_first=False)
            items += _valid(answer, now_s)
            start = answer.get("LastEvaluatedKey")
            if not start:
                return items

    def _query(  # noqa: PLR0913 - the parts of a query
        self,
        account_id: str,
        kind: ItemKind,
        ends: tuple[str, str],
        limit: int | None,
        start: Mapping[str, Any] | None,
        *,
        is_newest_first: bool,
    ) -> Mapping[str, Any]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#account = :account AND #item BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#account": ACCOUNT, "#item": SORT},
            "ExpressionAttributeValues": {
                ":account": {"S": account_id},
                ":first": {"S": PREFIXES[kind] + ends[0]},
                ":last": {"S": PREFIXES[kind] + ends[1]},
            },
            "ScanIndexForward": not is_newest_first,
        }
        if limit is not None:
            request["Limit"] = limit
        if start is not None:
            request["ExclusiveStartKey"] = start
        with transaction_table_errors(self._table):
            answer: Mapping[str, Any] = self._client.query(**request)
        return answer


def _key(account_id: str, sort: str) -> dict[str, Any]:
    return {ACCOUNT: {"S": account_id}, SORT: {"S": sort}}


def _valid(answer: Mapping[str, Any], now_s: int) -> list[Stored]:
    return [each for each in map(stored, answer["Items"]) if each.expires_s > now_s]


def _joined(transaction: Stored, facts: list[Stored]) -> FoundTransaction:
    found = {each.kind: each.record for each in facts if each.sort == transaction.sort}
    return FoundTransaction(transaction, found.get("score"), found.get("alert"))
