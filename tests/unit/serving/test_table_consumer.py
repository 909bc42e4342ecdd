"""The consumer of the transaction table: what it stores, skips and repeats."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ConnectionClosedError

from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.positions import Position
from serving.transaction_table.table_consumer import TableConsumer, TableSource
from serving.transaction_table.table_items import MAX_ITEM_BYTES, item_of, stored
from serving.transaction_table.table_writer import TransactionTableDeniedError, TransactionTableError
from tests.unit.serving.gateway_app import transaction
from tests.unit.serving.transaction_tables import (
    ARRIVAL_MS,
    DAY_MS,
    TABLE,
    ListReader,
    filled,
    stream_record,
    table_client,
    table_writer,
)
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SCORED = transaction() | {"outcome": "new", "score": 0.25, "model_version": "v1", "features": {"a": 1.0}}


class FailingClient:
    """A DynamoDB client whose batch writes do in turn what ``answers`` says: raise, or leave items over."""

    def __init__(self, *answers: Exception | int) -> None:
        self.answers = list(answers)
        self.batches: list[list[str]] = []

    @property
    def client(self) -> "DynamoDBClient":
        return cast("DynamoDBClient", self)

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        requests = RequestItems[TABLE]
        self.batches.append([each["PutRequest"]["Item"]["transaction_id"]["S"] for each in requests])
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        left = requests[len(requests) - answer :] if answer else []
        return {"UnprocessedItems": {TABLE: left} if left else {}}


def rows(client: "DynamoDBClient") -> list[tuple[str, str]]:
    """Return the keys of all items but positions."""
    found = client.scan(TableName=TABLE)["Items"]
    return sorted((each["account_id"]["S"], each["item"]["S"]) for each in found if "record" in each)


def test_a_transaction_its_score_and_its_alert_are_items_of_the_account_in_any_order() -> None:
    alert = transaction() | {"alert_id": "x", "kind": "score", "risk_level": "high"}
    with table_client() as client:
        filled(
            client,
            {
                "score": [stream_record(SCORED)],
                "alert": [stream_record(alert)],
                "transaction": [stream_record(transaction(event_time="2026-01-02T10:04:05.678+07:00"))],
            },
        )
        assert rows(client) == [
            ("a1", "2026-01-02T03:04:05.678Z#t1"),
            ("a1", "alert#2026-01-02T03:04:05.678Z#t1"),
            ("a1", "score#2026-01-02T03:04:05.678Z#t1"),
        ]


def test_an_item_has_the_record_as_it_came_and_expires_after_the_retention() -> None:
    data = (
        b'{"transaction_id":"t", "account_id":"a", "event_time":"2026-01-02T00:00:00Z", '
        b'"transaction_amount_vnd":1.10}'
    )
    item = item_of("transaction", stream_record(data), 30 * DAY_MS)
    assert item is not None
    assert stored(item).record == data
    assert (stored(item).arrival_ms, stored(item).expires_s) == (
        ARRIVAL_MS,
        (ARRIVAL_MS + 30 * DAY_MS) // 1000,
    )


def test_a_score_keeps_its_versions_and_leaves_the_features_to_the_stream() -> None:
    item = item_of("score", stream_record(SCORED), DAY_MS)
    assert item is not None
    assert stored(item).record == b'{"score":0.25,"model_version":"v1"}'


def test_records_that_come_again_change_nothing() -> None:
    with table_client() as client:
        for _ in range(2):
            filled(client, {"transaction": [stream_record(transaction(n)) for n in (1, 2, 1)]})
        assert rows(client) == [("a1", "2026-01-02T03:04:05.678Z#t1"), ("a2", "2026-01-02T03:04:05.678Z#t2")]


def test_bad_records_are_skipped_and_counted_with_the_reason() -> None:
    with table_client() as client:
        consumer, skipped = filled(
            client,
            {
                "transaction": [
                    stream_record(b"{broken"),
                    stream_record(transaction(more="x" * MAX_ITEM_BYTES)),
                    stream_record(transaction()),
                ],
                "score": [stream_record({"outcome": "new"}), stream_record(SCORED | {"account_id": "a\n"})],
            },
        )
        assert rows(client) == [("a1", "2026-01-02T03:04:05.678Z#t1")]
    assert len(skipped) == 4
    assert (
        str(consumer) == "2 scores skipped, 0 scores written, 2 transactions skipped, 1 transactions written"
    )


def test_copies_and_alerts_without_ids_say_nothing_new() -> None:
    review = {
        "alert_id": "x",
        "kind": "review",
        "account_id": None,
        "transaction_id": None,
        "event_time": None,
    }
    with table_client() as client:
        consumer, skipped = filled(
            client,
            {"score": [stream_record(SCORED | {"outcome": "duplicate"})], "alert": [stream_record(review)]},
        )
        assert (rows(client), skipped) == ([], [])
    assert (consumer.counts["scores ignored"], consumer.counts["alerts ignored"]) == (1, 1)


def test_positions_are_those_of_each_stream_and_a_later_run_finds_them() -> None:
    with table_client() as client:
        filled(client, {"transaction": [stream_record(transaction(), number=7)], "score": []})
        writer = table_writer(client)
        assert writer.positions("transactions") == {"shard-0": Position("7", ARRIVAL_MS)}
        assert writer.positions("scores") == {"shard-0": Position(None, 0)}
        assert writer.positions("alerts") == {}


def test_no_position_is_stored_before_the_items_behind_it_are_written() -> None:
    failing = FailingClient(refusal("ValidationException"))
    source = TableSource("transaction", "T", ListReader([stream_record(transaction())]))
    consumer = TableConsumer(
        [source], table_writer(failing.client), keep_ms=DAY_MS, on_skipped=lambda _record, _reason: None
    )
    with pytest.raises(TransactionTableError, match="'Transactions' can't be used: ValidationException"):
        consumer.step()
    assert failing.batches == [["t1"]]


def test_items_go_in_batches_of_25_each_key_once() -> None:
    failing = FailingClient()
    items = [item_of("transaction", stream_record(transaction(n % 60)), DAY_MS) for n in range(120)]
    table_writer(failing.client).write([item for item in items if item is not None])
    assert sorted(len(batch) for batch in failing.batches) == [10, 25, 25]


def test_throttled_items_and_failed_calls_are_repeated_until_all_are_written() -> None:
    failing = FailingClient(
        refusal("ProvisionedThroughputExceededException"),
        2,
        ConnectionClosedError(endpoint_url="http://a"),
        1,
    )
    items = [item_of("transaction", stream_record(transaction(n)), DAY_MS) for n in range(3)]
    table_writer(failing.client).write([item for item in items if item is not None])
    assert failing.batches == [["t0", "t1", "t2"], ["t0", "t1", "t2"], ["t1", "t2"], ["t1", "t2"], ["t2"]]


def test_a_stop_ends_an_outage_of_the_table() -> None:
    stop = StopSignal()
    stop.set()
    failing = FailingClient(refusal("ProvisionedThroughputExceededException"))
    item = item_of("transaction", stream_record(transaction()), DAY_MS)
    assert item is not None
    with pytest.raises(StopRequestedError):
        table_writer(failing.client, stop).write([item])


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("ResourceNotFoundException", TransactionTableError, r"'Transactions' not found; create it with"),
        ("AccessDeniedException", TransactionTableDeniedError, "give the role the permissions"),
    ],
)
def test_an_error_that_no_retry_fixes_names_the_table_and_the_remedy(
    code: str, kind: type[Exception], message: str
) -> None:
    item = item_of("transaction", stream_record(transaction()), DAY_MS)
    assert item is not None
    with pytest.raises(kind, match=message):
        table_writer(FailingClient(refusal(code)).client).write([item])
