"""The Lambda function on events of Kinesis, with an in-process DynamoDB, SNS and SQS."""

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from alerts.alert_settings import AlertSettings
from alerts.aws_lambda.alerts_function import MARGIN_MS, AlertsFunction
from alerts.aws_lambda.kinesis_events import EventError
from alerts.aws_lambda.lambda_alert_settings import LambdaAlertSettings
from alerts.handlers.handler_protocol import HandlerError
from alerts.store.refused_table import PART_BYTES
from fraudstream.runtime.settings_sources import SettingsError
from tests.kpl_records import aggregated
from tests.unit.alerts.alert_samples import alert, review
from tests.unit.alerts.aws_lambda.kinesis_events_of_tests import documented_event, event_of, sequence_number
from tests.unit.alerts.conftest import TABLE
from tests.unit.streams.fake_kinesis import refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sns.client import SNSClient

REGION = "ap-southeast-1"
ALERTS_TABLE = "FraudAlerts"
NONE_FAILED: dict[str, Any] = {"batchItemFailures": []}


class Context:
    """Lambda's context of an invocation with some time left."""

    def __init__(self, remaining_ms: int = 60_000) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left."""
        return self._remaining_ms


class Aws:
    """The function's targets; ``published`` reads what a subscriber of the topic has received."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.dynamodb = dynamodb
        self.sns: SNSClient = boto3.client("sns", region_name=REGION)
        self._sqs: Any = boto3.client("sqs", region_name=REGION)
        self.topic = self.sns.create_topic(Name="FraudAlerts")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        dynamodb.create_table(
            TableName=ALERTS_TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "alert_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "alert_id", "KeyType": "HASH"}],
        )

    def function(self) -> AlertsFunction:
        """Return the function as a new execution environment loads it."""
        return AlertsFunction(
            AlertSettings(store=f"dynamodb:{TABLE}"),
            LambdaAlertSettings(table_name=ALERTS_TABLE, topic_arn=self.topic),
            "Alerts/lambda",
            dynamodb=self.dynamodb,
            sns=self.sns,
        )

    def published(self) -> list[str]:
        """Return the ids of the alerts that were published since the last call."""
        found = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                found.append(json.loads(json.loads(message["Body"])["Message"])["alert_id"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found)

    def stored(self) -> list[str]:
        """Return the ids of the alerts in the table."""
        items = self.dynamodb.scan(TableName=ALERTS_TABLE)["Items"]
        return sorted(item["alert_id"]["S"] for item in items)

    def refused(self) -> list[tuple[bytes, str]]:
        """Return content and reason of the refused records, by their keys."""
        items = self.dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "refused#Alerts/lambda"}},
        )["Items"]
        return [(item["raw"]["B"], item["reason"]["S"]) for item in items]


@pytest.fixture(name="aws")
def fixture_aws(dynamodb: "DynamoDBClient") -> Aws:
    return Aws(dynamodb)


def test_each_alert_reaches_the_table_and_the_topic(aws: Aws) -> None:
    assert aws.function()(event_of(alert(0), review(1)), Context()) == NONE_FAILED
    assert aws.stored() == aws.published() == ["alert-0", "review-1"]


def test_an_event_that_comes_again_delivers_nothing_again(aws: Aws) -> None:
    event = event_of(alert(0), alert(0), alert(1))
    aws.function()(event, Context())
    assert aws.published() == ["alert-0", "alert-1"]
    assert aws.function()(event, Context()) == NONE_FAILED
    assert aws.published() == []


def test_an_aggregated_record_is_each_of_its_alerts(aws: Aws) -> None:
    together = aggregated((alert(0), "a"), (alert(1), "b"))
    assert aws.function()(event_of(together, alert(2)), Context()) == NONE_FAILED
    assert aws.stored() == ["alert-0", "alert-1", "alert-2"]


def test_records_that_are_no_alerts_are_kept_with_the_reason_and_the_others_delivered(aws: Aws) -> None:
    damaged = aggregated((alert(5), "a"))[:-1] + b"!"
    assert aws.function()(event_of(b"{}", alert(0), damaged), Context()) == NONE_FAILED
    assert aws.stored() == ["alert-0"]
    (first, reason), (second, aggregate) = aws.refused()
    assert (first, second) == (b"{}", damaged)
    assert reason.startswith("alert_id: Field required")
    assert aggregate.startswith("aggregated by the Kinesis Producer Library")


def test_the_event_of_the_documentation_has_no_alerts(aws: Aws) -> None:
    assert aws.function()(documented_event(), Context()) == NONE_FAILED
    assert [data for data, _ in aws.refused()] == [b"Hello, this is a test.", b"This is only a test."]
    aws.function()(documented_event(), Context())
    assert len(aws.refused()) == 2


def test_a_large_refused_record_is_kept_in_parts(aws: Aws) -> None:
    large = b"{" + b"x" * PART_BYTES
    aws.function()(event_of(large), Context())
    assert zlib.crc32(b"".join(data for data, _ in aws.refused())) == zlib.crc32(large)
    assert len(aws.refused()) == 2


def test_an_alert_that_a_target_refuses_is_kept_and_reaches_the_other_target(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = alert(0)

    def publish(**_request: object) -> None:
        raise refusal("InvalidParameter")  # noqa: EM101 - the code of an answer

    monkeypatch.setattr(aws.sns, "publish", publish)
    assert aws.function()(event_of(body), Context()) == NONE_FAILED
    assert aws.stored() == ["alert-0"]
    ((data, reason),) = aws.refused()
    assert data == body
    assert "InvalidParameter" in reason


def test_a_target_that_fails_until_the_timeout_leaves_the_rest_to_the_next_invocation(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = aws.sns.publish

    def fail_at_the_eleventh(**request: Any) -> object:  # noqa: ANN401 - as boto3 takes them
        if "alert-10" in request["Message"]:
            raise refusal("Throttling")  # noqa: EM101 - the code of an answer
        return publish(**request)

    monkeypatch.setattr(aws.sns, "publish", fail_at_the_eleventh)
    event = event_of(*(alert(number) for number in range(12)))
    answer = aws.function()(event, Context(MARGIN_MS + 800))
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence_number(10)}]}
    assert len(aws.published()) == 10
    monkeypatch.setattr(aws.sns, "publish", publish)
    assert aws.function()({"Records": event["Records"][10:]}, Context()) == NONE_FAILED
    assert aws.published() == ["alert-10", "alert-11"]
    assert len(aws.stored()) == 12


def test_an_invocation_without_time_hands_everything_back(aws: Aws) -> None:
    answer = aws.function()(event_of(alert(0), alert(1)), Context(MARGIN_MS - 1))
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence_number(0)}]}
    assert aws.published() == []


def test_a_target_that_no_alert_can_reach_fails_the_invocation_and_keeps_no_claim(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(**_request: object) -> None:
        raise refusal("NotFound")  # noqa: EM101 - the code of an answer

    with monkeypatch.context() as patch:
        patch.setattr(aws.sns, "publish", publish)
        with pytest.raises(HandlerError, match="sns:Publish"):
            aws.function()(event_of(alert(0)), Context())
    assert aws.function()(event_of(alert(0)), Context()) == NONE_FAILED
    assert aws.published() == ["alert-0"]


@pytest.mark.parametrize(
    "event", [{}, {"Records": [{"eventSource": "aws:sqs", "body": "x"}]}, {"Records": 1}, {"Records": ["x"]}]
)
def test_an_event_of_another_service_is_an_error_with_the_remedy(aws: Aws, event: dict[str, Any]) -> None:
    with pytest.raises(EventError, match="make an event source mapping from the stream of alerts"):
        aws.function()(event, Context())


def test_a_store_on_disk_is_refused() -> None:
    targets = LambdaAlertSettings(table_name="Any")
    with pytest.raises(SettingsError, match=r"ALERTS_STORE: 'sqlite:/tmp/x'.*dynamodb:TABLE"):
        AlertsFunction(AlertSettings(store="sqlite:/tmp/x"), targets, "c", dynamodb=None, sns=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "the function has no target: set LAMBDA_ALERTS_TABLE_NAME"),
        ({"LAMBDA_ALERTS_TOPIC_ARN": "FraudAlerts"}, "LAMBDA_ALERTS_TOPIC_ARN: 'FraudAlerts' can't be used"),
        ({"LAMBDA_ALERTS_TABLE": "T"}, "LAMBDA_ALERTS_TABLE: unknown setting; docs/lambda.md"),
    ],
)
def test_settings_that_name_no_target_are_refused(
    variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        LambdaAlertSettings.load(env_file=tmp_path / "none")
    assert message in str(refused.value)
