"""The Kinesis client of every command."""

from typing import TYPE_CHECKING, Final

from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AwsCredentialsError
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

READ_TIMEOUT_S: Final = 20
"""A PutRecords of 5 MiB over a slow line ends within this; a call that hangs is tried again after it."""


def kinesis_client(settings: StreamSettings) -> "KinesisClient":
    """Connect to where the settings say the streams are; no call is made yet.

    Raises `StreamError` if there are no AWS credentials.
    """
    try:
        return aws_client("kinesis", settings, read_timeout_s=READ_TIMEOUT_S)
    except AwsCredentialsError as error:
        raise StreamError(str(error)) from error
