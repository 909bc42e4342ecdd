"""The Kinesis client of every command: AWS itself, any endpoint in its place, or LocalStack."""

from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from localstack_client.session import Session as LocalStackSession

from fraudstream.runtime.aws_errors import CREDENTIALS_REMEDY
from fraudstream.streams.stream_errors import StreamError
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_kinesis.client import KinesisClient

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 20
"""A PutRecords of 5 MiB over a slow line ends within this; a call that hangs is tried again after it."""


def kinesis_client(settings: StreamSettings) -> "KinesisClient":
    """Connect to where the settings say the streams are; no call is made yet.

    The credentials come from boto3's own chain (environment, profile, role) and from nowhere else,
    also for LocalStack, whose session would otherwise bring its own. Raises `StreamError` if there
    are none. ``AWS_ENDPOINT_URL`` wins over ``LOCALSTACK_HOST``.
    """
    session = boto3.Session(region_name=settings.aws_region)
    credentials = _credentials(session)
    if settings.localstack_host is not None and settings.aws_endpoint_url is None:
        return _localstack_client(settings.localstack_host, settings.aws_region, credentials)
    return session.client("kinesis", endpoint_url=settings.endpoint_url, config=_config())


def _localstack_client(host: str, region: str, credentials: "ReadOnlyCredentials") -> "KinesisClient":
    session = LocalStackSession(
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        region_name=region,
        localstack_host=host,
    )
    client: Any = session.client("kinesis", aws_session_token=credentials.token, config=_config())
    return cast("KinesisClient", client)


def _credentials(session: boto3.Session) -> "ReadOnlyCredentials":
    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        msg = f"the AWS credentials can't be used ({error}): {CREDENTIALS_REMEDY}"
        raise StreamError(msg) from error
    if found is None:
        msg = f"there are no AWS credentials: {CREDENTIALS_REMEDY}"
        raise StreamError(msg)
    return found.get_frozen_credentials()


def _config() -> Config:
    return Config(
        retries={"mode": "standard"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
    )
