"""Each handler against a fake of its target."""

import errno
import hashlib
import hmac
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from pydantic import SecretStr
from rich.console import Console

from alerts.handlers.console import PrintHandler
from alerts.handlers.handler_protocol import HandlerError
from alerts.handlers.jsonl import JsonLinesHandler
from alerts.handlers.sns import SnsHandler
from alerts.handlers.table import TableHandler
from alerts.handlers.webhook import WebhookHandler, retry_after_s
from alerts.messages import Handover, handover, parse
from fraudstream.domain.alert import Alert
from fraudstream.streams.protocols import StreamRecord
from tests.unit.alerts.alert_fakes import Webhook, running_webhook
from tests.unit.alerts.alert_samples import alert
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SECRET = "0123456789abcdef0123456789abcdef"
NOW_S = 1_767_312_000.9
DAY_MS = 86_400_000


def given(number: int, *, is_replay: bool = False, **changes: object) -> Handover:
    record = StreamRecord(alert(number, **changes), "key", "s0", str(number), 0)
    return handover(parse(record, Alert), is_replay=is_replay)


def test_a_console_line_starts_with_the_replay_mark(capsys: pytest.CaptureFixture[str]) -> None:
    handler = PrintHandler(Console(soft_wrap=True), as_json=False)
    handler.handle([given(1), given(2, is_replay=True)])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2026-01-03 01:04:05")
    assert second.startswith("REPLAY  2026-01-03 01:04:05")


def test_json_is_printed_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    PrintHandler(Console(), as_json=True).handle([given(1)])
    assert capsys.readouterr().out.encode() == alert(1) + b"\n"


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_the_largest_time_can_be_printed(time: str, capsys: pytest.CaptureFixture[str]) -> None:
    PrintHandler(Console(soft_wrap=True), as_json=False).handle([given(1, event_time=time)])
    assert time[:10] in capsys.readouterr().out


def ids_in(path: Path) -> list[str]:
    return [orjson.loads(line)["alert_id"] for line in path.read_bytes().splitlines()]


def test_lines_are_appended_to_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    for numbers in ((1, 2), (3,)):
        handler = JsonLinesHandler(path)
        handler.handle([given(number) for number in numbers])
        handler.close()
    assert path.read_bytes() == b"".join(alert(number) + b"\n" for number in (1, 2, 3))


def test_a_partial_line_left_by_a_crash_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(alert(1) + b"\n" + alert(2)[:50])
    JsonLinesHandler(path).handle([given(2)])
    assert path.read_bytes() == alert(1) + b"\n" + alert(2) + b"\n"


def test_a_complete_line_without_line_feed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(alert(1))
    JsonLinesHandler(path).handle([given(2)])
    assert ids_in(path) == ["alert-1", "alert-2"]


def test_alerts_written_before_a_crash_are_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    JsonLinesHandler(path).handle([given(number) for number in range(4)])
    again = JsonLinesHandler(path)
    again.handle([given(2), given(3)])
    again.handle([given(1), given(4)])
    assert ids_in(path) == ["alert-0", "alert-1", "alert-2", "alert-3", "alert-4"]


def test_a_replayed_alert_is_written_even_if_the_file_has_it(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    JsonLinesHandler(path).handle([given(1)])
    JsonLinesHandler(path).handle([given(1, is_replay=True)])
    assert ids_in(path) == ["alert-1", "alert-1"]
    assert orjson.loads(path.read_bytes().splitlines()[1])["replayed"] is True


def test_a_batch_is_synced_to_disk_before_it_counts_as_handled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = JsonLinesHandler(tmp_path / "alerts.jsonl")
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    handler.handle([given(1), given(2)])
    assert sizes == [len(alert(1)) + len(alert(2)) + 2]


def test_a_full_disk_leaves_no_partial_line_and_the_batch_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alerts.jsonl"
    handler = JsonLinesHandler(path)
    handler.handle([given(1)])

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        outcome = handler.handle([given(2)])
    assert (list(outcome.again), "No space left" in outcome.problem) == ([given(2)], True)
    assert path.read_bytes() == alert(1) + b"\n"
    handler.handle(outcome.again)
    assert ids_in(path) == ["alert-1", "alert-2"]


def test_an_alert_file_is_private_to_its_owner(tmp_path: Path) -> None:
    JsonLinesHandler(tmp_path / "alerts.jsonl")
    assert (tmp_path / "alerts.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_unwritable_file_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(HandlerError, match=r"nowhere/alerts\.jsonl can't be written"):
        JsonLinesHandler(tmp_path / "nowhere" / "alerts.jsonl")


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with running_webhook() as running:
        yield running


def hook(webhook: Webhook) -> WebhookHandler:
    return WebhookHandler(webhook.url, SecretStr(SECRET), now_s=lambda: NOW_S)


def test_a_webhook_receives_the_alert_with_its_id_and_a_signature_over_time_and_body(
    webhook: Webhook,
) -> None:
    handler = hook(webhook)
    assert handler.handle([given(1)]).again == ()
    handler.close()
    ((headers, body),) = webhook.requests
    assert body == alert(1)
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "alert-1"
    assert headers["X-Fraudstream-Timestamp"] == "1767312000"
    expected = hmac.new(SECRET.encode(), b"1767312000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Fraudstream-Signature"] == f"v1={expected}"
    assert "X-Fraudstream-Replay" not in headers


def test_a_replay_is_marked_in_a_header_and_in_the_signed_body(webhook: Webhook) -> None:
    handler = hook(webhook)
    handler.handle([given(1, is_replay=True)])
    handler.close()
    ((headers, body),) = webhook.requests
    assert headers["X-Fraudstream-Replay"] == "true"
    assert orjson.loads(body)["replayed"] is True


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, "handled"),
        (204, "handled"),
        (301, "refused"),
        (400, "refused"),
        (401, "refused"),
        (404, "refused"),
        (408, "again"),
        (410, "refused"),
        (422, "refused"),
        (425, "again"),
        (429, "again"),
        (500, "again"),
        (503, "again"),
    ],
)
def test_the_status_code_decides_between_success_retry_and_rejection(
    webhook: Webhook, status: int, fate: str
) -> None:
    webhook.answer = lambda _number: (status, {}, b"because \x1b[2J of this")
    handler = hook(webhook)
    outcome = handler.handle([given(1)])
    handler.close()
    assert (bool(outcome.refused), bool(outcome.again)) == (fate == "refused", fate == "again")
    said = outcome.problem or "".join(refusal.reason for refusal in outcome.refused)
    assert said == ("" if fate == "handled" else rf"answered {status}: because \x1b[2J of this")


def test_a_missing_response_is_retried() -> None:
    with running_webhook() as gone:
        pass
    handler = hook(gone)
    outcome = handler.handle([given(1)])
    handler.close()
    assert [each.alert.alert_id for each in outcome.again] == ["alert-1"]
    assert outcome.problem.startswith("no response: ConnectError")


def test_a_truncated_response_keeps_its_status(webhook: Webhook) -> None:
    webhook.answer = lambda _number: (200, {"Connection": "close", "Content-Encoding": "gzip"}, b"no gzip")
    handler = hook(webhook)
    assert handler.handle([given(1)]).again == ()
    handler.close()


def test_a_long_response_is_not_read_to_its_end(webhook: Webhook) -> None:
    webhook.answer = lambda _number: (400, {}, b"x" * 1_000_000)
    handler = hook(webhook)
    (refused,) = handler.handle([given(1)]).refused
    handler.close()
    assert refused.reason == "answered 400: " + "x" * 200


def test_an_alert_id_with_any_characters_fits_in_the_header(webhook: Webhook) -> None:
    handler = hook(webhook)
    outcome = handler.handle([given(1, alert_id="số 1\r\nX-Evil: 1")])
    handler.close()
    assert (outcome.refused, outcome.again) == ((), ())
    assert webhook.requests[0][0]["Idempotency-Key"] == "s%E1%BB%91%201%0D%0AX-Evil%3A%201"


def test_the_handler_never_shows_the_secret(webhook: Webhook) -> None:
    handler = hook(webhook)
    webhook.answer = lambda _number: (500, {}, b"")
    assert SECRET not in repr(vars(handler)) + repr(handler.handle([given(1)]))
    handler.close()


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (None, 0),
        ("7", 7),
        ("9999999", 30),
        ("Fri, 02 Jan 2026 00:00:12 GMT", 12),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("٣", 0),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_at_most_30_seconds(header: str | None, wait_s: float) -> None:
    assert retry_after_s(header, 1_767_312_000.0) == pytest.approx(wait_s)


class FakeSns:
    """Accepts messages, or raises the given error for a message's number."""

    def __init__(self, faults: dict[int, Exception] | None = None) -> None:
        self.faults = faults or {}
        self.published: list[dict[str, Any]] = []
        self.calls = 0

    def publish(self, **request: Any) -> None:  # noqa: ANN401 - as boto3 takes them
        """Accept a message."""
        self.calls += 1
        if self.calls in self.faults:
            raise self.faults[self.calls]
        self.published.append(request)


def sns(fake: FakeSns, topic: str = "arn:aws:sns:r:1:Alerts") -> SnsHandler:
    return SnsHandler(fake, topic)  # type: ignore[arg-type] # publish is all that is used


def test_a_topic_receives_the_alert_with_its_id_as_an_attribute() -> None:
    fake = FakeSns()
    sns(fake).handle([given(1, is_replay=True)])
    (request,) = fake.published
    assert orjson.loads(request["Message"])["alert_id"] == "alert-1"
    attributes = {name: each["StringValue"] for name, each in request["MessageAttributes"].items()}
    assert attributes == {
        "alert_id": "alert-1",
        "kind": "score",
        "risk_level": "critical",
        "replayed": "true",
    }
    assert "MessageGroupId" not in request


def test_a_fifo_topic_deduplicates_by_alert_id_and_keeps_the_order_per_account() -> None:
    fake = FakeSns()
    batch = [given(1), given(1), given(2, account_id="ACC_1"), given(1, is_replay=True)]
    sns(fake, "arn:aws:sns:r:1:Alerts.fifo").handle(batch)
    first, again, other, replayed = fake.published
    assert first["MessageDeduplicationId"] == again["MessageDeduplicationId"]
    assert len({each["MessageDeduplicationId"] for each in (first, other, replayed)}) == 3
    assert first["MessageGroupId"] == other["MessageGroupId"]


def test_a_throttled_topic_receives_the_rest_of_the_batch_later() -> None:
    fake = FakeSns({2: refusal("Throttled", 429)})
    outcome = sns(fake).handle([given(1), given(2), given(3)])
    assert [each.alert.alert_id for each in outcome.again] == ["alert-2", "alert-3"]
    assert "Throttled" in outcome.problem


def test_a_message_too_large_for_the_topic_is_rejected_and_the_next_one_is_sent() -> None:
    fake = FakeSns({1: refusal("InvalidParameter")})
    outcome = sns(fake).handle([given(1), given(2)])
    assert [each.handover.alert.alert_id for each in outcome.refused] == ["alert-1"]
    assert len(fake.published) == 1


def test_a_missing_topic_stops_the_run_with_the_fix() -> None:
    with pytest.raises(HandlerError, match=r"Alerts: .*NotFound.*sns:Publish"):
        sns(FakeSns({1: refusal("NotFound", 404)})).handle([given(1)])


@pytest.fixture
def alert_table(dynamodb: "DynamoDBClient") -> TableHandler:
    dynamodb.create_table(
        TableName="FraudAlerts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "alert_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "alert_id", "KeyType": "HASH"}],
    )
    return TableHandler(dynamodb, "FraudAlerts", keep_ms=DAY_MS, now_ms=lambda: 1_000_000)


def test_an_alert_is_stored_as_an_item_that_expires(
    alert_table: TableHandler, dynamodb: "DynamoDBClient"
) -> None:
    alert_table.handle([given(1)])
    (item,) = dynamodb.scan(TableName="FraudAlerts")["Items"]
    assert item["alert_id"] == {"S": "alert-1"}
    assert item["score"] == {"N": "0.9731"}
    assert item["account_id"] == {"S": "ACC_1"}
    assert item["expires_at"] == {"N": str(1_000 + 86_400)}
    assert item["alert"]["S"].encode() == alert(1)


def test_a_redelivered_alert_leaves_its_item_unchanged(
    alert_table: TableHandler, dynamodb: "DynamoDBClient"
) -> None:
    alert_table.handle([given(1)])
    dynamodb.update_item(
        TableName="FraudAlerts",
        Key={"alert_id": {"S": "alert-1"}},
        UpdateExpression="SET verdict = :v",
        ExpressionAttributeValues={":v": {"S": "fraud"}},
    )
    outcome = alert_table.handle([given(1, score=0.1), given(2)])
    assert (outcome.refused, outcome.again) == ([], ())
    items = {item["alert_id"]["S"]: item for item in dynamodb.scan(TableName="FraudAlerts")["Items"]}
    assert items["alert-1"]["verdict"] == {"S": "fraud"}
    assert items["alert-1"]["score"] == {"N": "0.9731"}
    assert "alert-2" in items


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1e999"])
def test_a_number_out_of_the_tables_range_is_rejected_by_name(alert_table: TableHandler, number: str) -> None:
    record = StreamRecord(alert(1).replace(b"0.9731", number.encode()), "key", "s0", "1", 0)
    outcome = alert_table.handle([handover(parse(record, Alert), is_replay=False), given(2)])
    (refused,) = outcome.refused
    assert "score is " in refused.reason
    assert "only finite numbers" in refused.reason


def test_a_missing_alert_table_stops_the_run_with_the_fix(dynamodb: "DynamoDBClient") -> None:
    handler = TableHandler(dynamodb, "Nowhere", keep_ms=DAY_MS, now_ms=lambda: 0)
    with pytest.raises(HandlerError, match=r"'Nowhere': .*ResourceNotFound.*docs/alerts\.md"):
        handler.handle([given(1)])
