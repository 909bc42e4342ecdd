"""What can go wrong with a stream: what is worth another try, and what a person has to mend."""

from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

TRANSIENT_CODES: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "KMSThrottlingException",
        "ThrottlingException",
        "RequestTimeout",
        "InternalFailure",
        "InternalFailureException",
        "ServiceUnavailable",
    }
)
"""Error codes after which the same call may succeed (Kinesis API reference, errors of each call)."""

AWS_ERRORS: Final = (ClientError, BotoCoreError)
"""Every exception a call of the client raises."""

CREDENTIALS_REMEDY: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values for an emulator), AWS_PROFILE, or use a role"
)


CONNECTION_REMEDY: Final = (
    "see that AWS_ENDPOINT_URL names a running endpoint; "
    "`python -m localstack.emulator --port 4566` starts one"
)


class StreamError(Exception):
    """A stream that can't be used as things stand; the message says what is wrong and how to mend it."""


def error_code(error: Exception) -> str:
    """Return the service's code of an error, or the exception's name where no answer came."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_transient(error: Exception) -> bool:
    """Tell whether the same call may succeed later: throttling, a fault of the service, a lost connection."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or error_code(error) in TRANSIENT_CODES  # noqa: PLR2004 - HTTP's server errors
    return isinstance(error, (HTTPClientError, BotoConnectionError))


def stream_error(error: Exception, stream_name: str) -> StreamError:
    """Say in words, with a remedy where one is known, why a call on this stream failed."""
    if isinstance(error, NoCredentialsError):
        return StreamError(f"there are no AWS credentials: {CREDENTIALS_REMEDY}")
    if isinstance(error, PartialCredentialsError):
        return StreamError(f"the AWS credentials are incomplete ({error}): {CREDENTIALS_REMEDY}")
    if error_code(error) == "ResourceNotFoundException":
        return missing_stream(stream_name)
    return StreamError(f"stream {stream_name!r} can't be used: {error_code(error)}: {error}")


def missing_stream(stream_name: str) -> StreamError:
    """Name the stream that is not there, and the two ways to create it."""
    return StreamError(
        f"there is no stream {stream_name!r}: create it with `python -m localstack.streams` on an emulator, "
        f"with `aws kinesis create-stream --stream-name {stream_name} --shard-count 4` on AWS"
    )
