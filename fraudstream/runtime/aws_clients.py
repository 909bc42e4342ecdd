"""Factory for boto3 clients of AWS, of a custom endpoint, or of LocalStack."""

from typing import TYPE_CHECKING, Any, Final, Literal, overload

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from fraudstream.runtime.aws_errors import credentials_error
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.loopback import is_loopback_url

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_sns.client import SNSClient

CONNECT_TIMEOUT_S: Final = 5


@overload
def aws_client(
    service: Literal["kinesis"], settings: AwsSettings, *, read_timeout_s: float
) -> "KinesisClient": ...
@overload
def aws_client(
    service: Literal["dynamodb"], settings: AwsSettings, *, read_timeout_s: float
) -> "DynamoDBClient": ...
@overload
def aws_client(service: Literal["sns"], settings: AwsSettings, *, read_timeout_s: float) -> "SNSClient": ...
@overload
def aws_client(service: str, settings: AwsSettings, *, read_timeout_s: float) -> Any: ...  # noqa: ANN401 - without stubs


def aws_client(service: str, settings: AwsSettings, *, read_timeout_s: float) -> Any:
    """Return a client of ``service`` for the endpoint of the settings, without calling the service.

    The credentials always come from boto3's own chain (environment, profile, role), also for LocalStack,
    whose session would otherwise use its own. Raises `AwsCredentialsError` if none are found.
    ``AWS_ENDPOINT_URL`` takes precedence over ``LOCALSTACK_HOST``. A call without a response within
    ``read_timeout_s`` seconds is retried in boto3's standard mode.
    """
    session: Any = boto3.Session(region_name=settings.aws_region)
    credentials = _credentials(session)
    config = Config(
        retries={"mode": "standard"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        # An emulator on this machine is never called through a proxy; None takes those of the environment.
        proxies={} if is_loopback_url(settings.endpoint_url or "") else None,
        # Emulators don't support host names that contain the bucket.
        s3={"addressing_style": "path" if settings.is_emulator else "auto"},
    )
    if settings.localstack_host is None or settings.aws_endpoint_url is not None:
        return session.client(service, endpoint_url=settings.endpoint_url, config=config)
    from localstack_client.session import Session as LocalStackSession  # noqa: PLC0415 - AWS does not need it

    frozen = credentials.get_frozen_credentials()
    localstack = LocalStackSession(
        aws_access_key_id=frozen.access_key,
        aws_secret_access_key=frozen.secret_key,
        region_name=settings.aws_region,
        localstack_host=settings.localstack_host,
    )
    return localstack.client(service, aws_session_token=frozen.token, config=config)


def find_credentials(settings: AwsSettings) -> "Credentials":
    """Return the credentials of boto3's chain; raises `AwsCredentialsError` if none are found.

    Their ``method`` is the source: ``env``, ``shared-credentials-file``, ``iam-role`` and so on.
    """
    return _credentials(boto3.Session(region_name=settings.aws_region))


def _credentials(session: boto3.Session) -> "Credentials":
    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise credentials_error(error) from error
    if found is None:
        raise credentials_error(None)
    return found
