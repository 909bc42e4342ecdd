"""The clients of DynamoDB and SNS; that of Kinesis is `fraudstream.streams.kinesis.kinesis_client`'s."""

from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from fraudstream.streams.kinesis.kinesis_client import CONNECT_TIMEOUT_S
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sns.client import SNSClient

READ_TIMEOUT_S: Final = 10
"""An alert is small; a call that hangs is tried again after it."""
_CONFIG: Final = Config(
    retries={"mode": "standard"}, connect_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S
)


def dynamodb_client(settings: StreamSettings) -> "DynamoDBClient":
    """Connect to where the settings say AWS is; no call is made yet."""
    session = boto3.Session(region_name=settings.aws_region)
    return session.client("dynamodb", endpoint_url=settings.endpoint_url, config=_CONFIG)


def sns_client(settings: StreamSettings) -> "SNSClient":
    """Connect to where the settings say AWS is; no call is made yet."""
    session = boto3.Session(region_name=settings.aws_region)
    return session.client("sns", endpoint_url=settings.endpoint_url, config=_CONFIG)
