"""DynamoDB and SNS clients. The Kinesis client is in `fraudstream.streams.kinesis.kinesis_client`."""

from typing import TYPE_CHECKING, Final

from fraudstream.runtime.aws_clients import aws_client
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sns.client import SNSClient

READ_TIMEOUT_S: Final = 10
"""Read timeout of a call, after which it is retried. It can be short because alerts are small."""


def dynamodb_client(settings: StreamSettings) -> "DynamoDBClient":
    """Return a DynamoDB client for the settings' endpoint and region.

    Raises `AwsCredentialsError` without credentials.
    """
    return aws_client("dynamodb", settings, read_timeout_s=READ_TIMEOUT_S)


def sns_client(settings: StreamSettings) -> "SNSClient":
    """Return an SNS client for the settings' endpoint and region.

    Raises `AwsCredentialsError` without credentials.
    """
    return aws_client("sns", settings, read_timeout_s=READ_TIMEOUT_S)
