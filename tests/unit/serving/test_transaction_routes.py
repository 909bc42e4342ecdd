"""Reading an account's transactions over HTTP: order, ranges, pages, and refusals."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.web.guarded_app import guarded_app
from fraudstream.web.problem_details import Problem
from serving.serving_names import METRIC_PREFIX, NAMES, PROBLEMS
from serving.serving_settings import ServingSettings
from serving.transaction_table.table_writer import TransactionTableError
from serving.transaction_table.transaction_reader import TransactionReader, cursor_of
from serving.transaction_table.transaction_routes import NOT_CONFIGURED, OpenReader, transaction_router
from tests.unit.serving.gateway_app import transaction
from tests.unit.serving.transaction_tables import (
    ARRIVAL_MS,
    DAY_MS,
    TABLE,
    filled,
    stream_record,
    table_client,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SECRET = "a-shared-secret-of-more-than-32-bytes"
PATH = "/v1/accounts/a/transactions"
NOW_S = ARRIVAL_MS // 1000


def at(minute: int, account: str = "a") -> dict[str, object]:
    """Return a transaction of a minute, with the id ``t<minute>``."""
    return transaction(minute, account_id=account, event_time=f"2026-01-02T03:{minute:02}:00Z")


def not_configured() -> TransactionReader:
    raise Problem(503, NOT_CONFIGURED)


class TableBench:
    """The routes over a table; ``now_s`` is their clock."""

    def __init__(self, open_reader: OpenReader, **values: Any) -> None:  # noqa: ANN401 - settings
        self.now_s = NOW_S
        self.app = guarded_app(
            NAMES,
            ServingSettings.load(env_file=None, **({"auth": "off"} | values)),
            [transaction_router(PROBLEMS, open_reader, lambda: self.now_s)],
            registry=MetricsRegistry(METRIC_PREFIX),
            problems=PROBLEMS,
        )

    def get(self, path: str = PATH, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:  # noqa: ANN401 - of the URL
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://table.test") as client:
                return await client.get(path, params=query, headers=headers)

        return asyncio.run(once())

    def ids(self, **query: Any) -> list[str]:  # noqa: ANN401 - of the URL
        """Return the ids of a page."""
        found = self.get(**query).json()["transactions"]
        return [each["transaction"]["transaction_id"] for each in found]


@pytest.fixture
def client() -> Iterator["DynamoDBClient"]:
    with table_client() as made:
        yield made


@pytest.fixture
def bench(client: "DynamoDBClient") -> TableBench:
    """Return routes to a table with the transactions of minutes 1 to 5, and one of another account."""
    records = [stream_record(at(minute)) for minute in (3, 1, 5, 2, 4)] + [stream_record(at(9, "b"))]
    facts = at(2) | {"outcome": "new", "score": 0.5, "model_version": "v1"}
    alert = at(2) | {"alert_id": "x", "kind": "score", "risk_level": "high"}
    filled(
        client,
        {"transaction": records, "score": [stream_record(facts)], "alert": [stream_record(alert)]},
    )
    return TableBench(lambda: TransactionReader(client, TABLE))


def test_an_accounts_transactions_come_newest_first_with_score_and_alert(bench: TableBench) -> None:
    answer = bench.get()
    assert (answer.status_code, answer.json()["account_id"], answer.json()["next_cursor"]) == (200, "a", None)
    assert bench.ids() == ["t5", "t4", "t3", "t2", "t1"]
    assert answer.json()["transactions"][3] == {
        "transaction": at(2),
        "arrival_time": "2026-01-02T03:04:06.000Z",
        "score": {"score": 0.5, "model_version": "v1"},
        "alert": {"alert_id": "x", "kind": "score", "risk_level": "high"},
    }
    assert (answer.json()["transactions"][0]["score"], answer.json()["transactions"][0]["alert"]) == (
        None,
        None,
    )


def test_the_order_can_be_turned(bench: TableBench) -> None:
    assert bench.ids(order="oldest", limit=3) == ["t1", "t2", "t3"]


def test_a_range_includes_its_start_and_not_its_end(bench: TableBench) -> None:
    times = {"from": "2026-01-02T03:02:00Z", "to": "2026-01-02T10:04:00+07:00"}
    assert bench.ids(**times) == ["t3", "t2"]
    assert bench.ids(**{"from": "2026-01-02T03:05:00.001Z"}) == []


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_have_each_transaction_once(bench: TableBench, order: str) -> None:
    query: dict[str, Any] = {"limit": 2, "order": order}
    pages = []
    while True:
        page = bench.get(**query).json()
        pages.append([each["transaction"]["transaction_id"] for each in page["transactions"]])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    ids = ["t5", "t4", "t3", "t2", "t1"]
    assert [each for page in pages for each in page] == (ids if order == "newest" else ids[::-1])
    assert max(map(len, pages)) == 2


def test_expired_transactions_are_left_out_and_do_not_shorten_a_page(client: "DynamoDBClient") -> None:
    old = [stream_record(at(minute), arrival_ms=ARRIVAL_MS - DAY_MS) for minute in (3, 4, 5)]
    filled(client, {"transaction": [*old, stream_record(at(1)), stream_record(at(2))]}, keep_ms=DAY_MS)
    bench = TableBench(lambda: TransactionReader(client, TABLE))
    assert bench.ids(limit=2) == ["t2", "t1"]
    assert bench.get(f"{PATH}/t3").status_code == 404


def test_an_unknown_account_has_no_transactions(bench: TableBench) -> None:
    assert bench.get("/v1/accounts/nobody/transactions").json()["transactions"] == []


def test_a_transaction_is_found_by_its_id_within_its_account(bench: TableBench) -> None:
    found = bench.get(f"{PATH}/t2").json()
    assert (found["transaction"], found["score"]["score"]) == (at(2), 0.5)
    assert bench.get(f"{PATH}/t9").status_code == 404
    assert "may not have arrived yet" in bench.get(f"{PATH}/t9").json()["detail"]


def test_of_two_transactions_with_one_id_the_first_to_arrive_counts(client: "DynamoDBClient") -> None:
    first, second = at(5), at(3) | {"transaction_id": "t5"}
    records = [stream_record(second, arrival_ms=ARRIVAL_MS + 1), stream_record(first)]
    filled(client, {"transaction": records})
    bench = TableBench(lambda: TransactionReader(client, TABLE))
    assert bench.get(f"{PATH}/t5").json()["transaction"] == first


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-01-02"}, "to"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, "to"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"order": "random"}, "order"),
        ({"page": 2}, "page"),
        ({"cursor": "%%%"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": "a" * 3_000}, "cursor"),
        ({"cursor": cursor_of("score#2026-01-02T03:02:00.000Z#t2")}, "cursor"),
        ({"cursor": cursor_of("2026-01-01T00:00:00.000Z#t"), "from": "2026-01-02T00:00:00Z"}, "cursor"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_query_that_can_not_be_answered_is_refused(query: dict[str, Any], field: str) -> None:
    answer = TableBench(not_configured).get(**query)
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["field"] == f"query.{field}"
    assert error["remedy"]


def test_reading_needs_its_scope(client: "DynamoDBClient") -> None:
    bench = TableBench(
        lambda: TransactionReader(client, TABLE), auth="on", jwt_algorithm="HS256", jwt_secret=SECRET
    )

    def with_scope(scope: str) -> int:
        token = jwt.encode({"sub": "bank", "exp": 4_102_444_800, "scope": scope}, SECRET)
        return bench.get(headers={"Authorization": f"Bearer {token}"}).status_code

    assert (with_scope("transactions:write"), with_scope("transactions:read")) == (403, 200)


def test_without_a_table_the_answer_says_how_to_configure_one() -> None:
    for path in (PATH, f"{PATH}/t1"):
        answer = TableBench(not_configured).get(path)
        assert answer.status_code == 503
        assert "DECISION_API_TRANSACTION_TABLE" in answer.json()["detail"]


def test_a_table_that_can_not_be_read_is_a_503_to_be_repeated(client: "DynamoDBClient") -> None:
    bench = TableBench(lambda: TransactionReader(client, "Missing"))
    answer = bench.get()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Missing" not in answer.text

    def no_credentials() -> TransactionReader:
        msg = "no AWS credentials found"
        raise TransactionTableError(msg)

    assert TableBench(no_credentials).get().status_code == 503
