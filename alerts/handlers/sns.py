"""Handler that publishes alerts to an SNS topic."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from alerts.handlers.aws_calls import one_by_one
from alerts.handlers.handler_protocol import HandlerOutcome
from alerts.messages import Handover

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

FIFO_SUFFIX: Final = ".fifo"
REMEDY: Final = "check that the topic exists, and that the role has sns:Publish on it"


class SnsHandler:
    """Publish each alert's JSON to a topic, with ``alert_id``, ``kind`` and ``risk_level`` as attributes.

    A FIFO topic drops a duplicate within five minutes and keeps the order within an account. A standard topic
    forwards duplicates; subscribers recognise them by ``alert_id``.
    """

    batch_size = 10

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Publish the alerts one by one, in order."""
        return one_by_one(batch, self._publish, f"SNS topic {self._topic_arn}", REMEDY)

    def close(self) -> None:
        """Do nothing: the client needs no closing."""

    def _publish(self, each: Handover) -> None:
        message, attributes = each.body.decode(), _attributes(each)
        if not self._topic_arn.endswith(FIFO_SUFFIX):
            self._client.publish(TopicArn=self._topic_arn, Message=message, MessageAttributes=attributes)
            return
        self._client.publish(
            TopicArn=self._topic_arn,
            Message=message,
            MessageAttributes=attributes,
            # An alert that sums up reviews of many accounts has none.
            MessageGroupId=_digest(each.alert.account_id or ""),
            MessageDeduplicationId=_digest(each.alert.alert_id + "replayed" * each.is_replay),
        )


def _digest(text: str) -> str:
    """Return a digest of the text, because SNS allows these ids only 128 characters of a limited set."""
    return hashlib.sha256(text.encode()).hexdigest()


def _attributes(each: Handover) -> Mapping[str, "MessageAttributeValueTypeDef"]:
    alert = each.alert
    values = {"alert_id": alert.alert_id, "kind": alert.kind, "risk_level": alert.risk_level}
    if each.is_replay:
        values["replayed"] = "true"
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
