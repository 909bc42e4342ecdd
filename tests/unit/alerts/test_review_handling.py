"""Alerts of both versions and kinds, through each consumer of alerts."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from pydantic import SecretStr
from rich.console import Console

from alerts.alert_diff import compare_reviews
from alerts.handlers.console import PrintHandler
from alerts.handlers.jsonl import JsonLinesHandler
from alerts.handlers.sns import SnsHandler
from alerts.handlers.table import TableHandler
from alerts.handlers.webhook import WebhookHandler
from alerts.lines import alert_line
from alerts.messages import Handover, handover, parse
from fraudstream.domain.alert import Alert
from fraudstream.domain.transaction import TransactionKey
from fraudstream.streams.protocols import StreamRecord
from localrun.tally import Tally
from models.explain_command import confusion
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_fakes import running_webhook
from tests.unit.alerts.alert_samples import alert, review, summary, unknown_review
from tests.unit.alerts.test_alert_handlers import FakeSns

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

FIRST = TransactionKey("ACC_1", "T1")
VERSIONS: dict[str, Callable[[], bytes]] = {
    "version 1": lambda: alert(1),
    "version 2": lambda: alert(1, schema_version=2, kind="score", overflowing_features=["ratio"]),
    "review": lambda: review(1),
    "unknown": lambda: unknown_review(1),
    "of an account": lambda: summary(1),
    "of many accounts": lambda: summary(1, account_id=None),
}


def read(data: bytes) -> Alert:
    return parse(StreamRecord(data, "key", "s0", "1", 0), Alert).message


@pytest.fixture(params=VERSIONS)
def given(request: pytest.FixtureRequest) -> Handover:
    data = VERSIONS[request.param]()
    return handover(parse(StreamRecord(data, "key", "s0", "1", 0), Alert), is_replay=False)


def line(name: str) -> str:
    return " ".join(alert_line(read(VERSIONS[name]())).plain.split())


def test_the_line_of_a_review_says_that_nobody_judged_the_transaction_and_why() -> None:
    assert line("review") == (
        "2026-01-03 01:04:05 REVIEW - ACC_1 812,500,000 VND invalid_value A value is outside its range. "
        "latitude is 999.0"
    )
    assert line("unknown").startswith("no time REVIEW - ACC_1 - VND invalid_value")
    assert line("of an account").startswith("no time REVIEW - ACC_1 - VND many_reviews More. 5 late")
    assert line("of many accounts").startswith("no time REVIEW - many accounts - VND many_reviews")


def test_the_line_of_a_score_is_that_of_version_1_and_names_what_is_too_large() -> None:
    assert line("version 1").startswith("2026-01-03 01:04:05 CRITICAL 0.973 ACC_1 812,500,000 VND money")
    assert line("version 2") == line("version 1") + " too large for the model: ratio"


def test_it_is_printed(given: Handover, capsys: pytest.CaptureFixture[str]) -> None:
    assert not PrintHandler(Console(soft_wrap=True), as_json=False).handle([given]).refused
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_it_is_a_line_of_a_file_as_the_job_wrote_it(given: Handover, tmp_path: Path) -> None:
    JsonLinesHandler(tmp_path / "alerts.jsonl").handle([given])
    assert (tmp_path / "alerts.jsonl").read_bytes() == given.body + b"\n"


def test_it_is_posted(given: Handover) -> None:
    with running_webhook() as webhook:
        handler = WebhookHandler(webhook.url, SecretStr("0" * 32), now_s=lambda: 0.0)
        assert handler.handle([given]).refused == ()
        handler.close()
        ((headers, body),) = webhook.requests
    assert (headers["Idempotency-Key"], body) == (given.alert.alert_id, given.body)


@pytest.mark.parametrize("topic", ["arn:aws:sns:r:1:Alerts", "arn:aws:sns:r:1:Alerts.fifo"])
def test_it_is_published_with_its_kind(given: Handover, topic: str) -> None:
    fake = FakeSns()
    handler = SnsHandler(fake, topic)  # type: ignore[arg-type] # publish is all that is used
    assert handler.handle([given]).refused == []
    (request,) = fake.published
    values = {name: each["StringValue"] for name, each in request["MessageAttributes"].items()}
    assert values == {
        "alert_id": given.alert.alert_id,
        "kind": given.alert.kind,
        "risk_level": given.alert.risk_level,
    }


def test_it_is_an_item_without_what_it_does_not_have(given: Handover, dynamodb: "DynamoDBClient") -> None:
    dynamodb.create_table(
        TableName="FraudAlerts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "alert_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "alert_id", "KeyType": "HASH"}],
    )
    handler = TableHandler(dynamodb, "FraudAlerts", keep_ms=1, now_ms=lambda: 0)
    assert handler.handle([given]).refused == []
    (item,) = dynamodb.scan(TableName="FraudAlerts")["Items"]
    written = orjson.loads(given.body)
    names = ("transaction_id", "account_id", "event_time", "score", "threshold", "transaction_amount_vnd")
    assert {name for name in names if name in item} == {name for name in names if written[name] is not None}
    assert item["kind"] == {"S": given.alert.kind}
    assert ("review_reason" in item) == (given.alert.kind == "review")


def test_a_local_run_counts_reviews_beside_alerts() -> None:
    tally = Tally()
    for data in (alert(1), review(2), summary(3), summary(4, account_id=None)):
        tally.on_alert(read(data), 0)
    assert {name: tally.summary()[name] for name in ("alerts", "reviews")} == {"alerts": 1, "reviews": 3}


def test_reviews_name_no_type_of_fraud_and_count_for_none() -> None:
    table = confusion(map(read, (alert(1), review(2), summary(3))), {FIRST: "money_laundering"})
    assert dict(table) == {("money_laundering", "money_laundering"): 1}


def test_reviews_are_compared_by_their_ids() -> None:
    compared = compare_reviews(["a", "b", "b", "c"], ["c", "d", "b"])
    assert (compared.same, compared.gone, compared.new) == (2, ("a",), ("d",))


def test_a_comparison_of_runs_shows_reviews_and_its_code_is_that_of_the_scores(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b"\n".join([alert(1), review(2), review(3)]))
    two.write_bytes(b"\n".join([alert(1), review(3), summary(4)]))
    done = alerts_command("diff", one, two)
    assert (done.returncode, done.stdout) == (
        0,
        "1 alerts are the same\nreview alerts: 1 are the same, 1 new, 1 gone\n",
    )
    as_json = orjson.loads(alerts_command("diff", one, two, "--json").stdout)
    assert as_json["reviews"] == {"same": 1, "new": ["review-4"], "gone": ["review-2"]}
