"""Factory for the Kinesis client, used by every command."""

from typing import TYPE_CHECKING, Final

from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AwsCredentialsError
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

READ_TIMEOUT_S: Final = 20
"""Enough for a PutRecords of 5 MiB over a slow connection; a call that takes longer is retried."""


def kinesis_client(settings: StreamSettings, *, read_timeout_s: float = READ_TIMEOUT_S) -> "KinesisClient":
    """Return a client for the endpoint of the settings, without calling Kinesis.

    Raises `StreamError` if there are no AWS credentials.
    """
    try:
        return aws_client("kinesis", settings, read_timeout_s=read_timeout_s)
    except AwsCredentialsError as error:
        raise StreamError(str(error)) from error
