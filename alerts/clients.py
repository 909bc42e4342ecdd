"""The clients of DynamoDB and SNS; that of Kinesis is `fraudstream.streams.kinesis.kinesis_client`'s."""

from typing import TYPE_CHECKING, Final

from fraudstream.runtime.aws_clients import aws_client
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sns.client import SNSClient

READ_TIMEOUT_S: Final = 10
"""An alert is small; a call that hangs is tried again after it."""


def dynamodb_client(settings: StreamSettings) -> "DynamoDBClient":
    """Connect to where the settings say AWS is; raises `AwsCredentialsError` without credentials."""
    return aws_client("dynamodb", settings, read_timeout_s=READ_TIMEOUT_S)


def sns_client(settings: StreamSettings) -> "SNSClient":
    """Connect to where the settings say AWS is; raises `AwsCredentialsError` without credentials."""
    return aws_client("sns", settings, read_timeout_s=READ_TIMEOUT_S)
