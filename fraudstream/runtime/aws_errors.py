"""AWS errors: classification as transient, and remedies for error messages."""

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as BotoConnectionError

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

CREDENTIAL_CODES: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AuthFailure",
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
    }
)
"""Errors of the credentials: other ones may be accepted (API references, common errors)."""
DENIED_CODES: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "KMSAccessDeniedException",
        "OptInRequired",
    }
)
"""Errors of the permissions: the call succeeds once the role is changed."""

AWS_ERRORS: Final = (ClientError, BotoCoreError)
"""Every exception that a call of a client raises."""

CREDENTIALS_REMEDY: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values for an emulator), AWS_PROFILE, or use a role"
)
DENIED_REMEDY: Final = "give the role the permissions in deploy/iam, or use other credentials"
CONNECTION_REMEDY: Final = (
    "check that AWS_ENDPOINT_URL names a running endpoint; "
    "`python -m localstack.emulator --port 4566` starts one"
)


class AwsCredentialsError(Exception):
    """AWS credentials are missing or can't be used; the message says which, with the remedy."""


class DeniedError(Exception):
    """AWS refuses the caller: the permissions or the credentials are wrong. The message has the remedy."""


def credentials_error(error: BotoCoreError | None) -> AwsCredentialsError:
    """Return the error for unusable credentials; ``error`` is boto3's, or None if it found no credentials."""
    if error is None or isinstance(error, NoCredentialsError):
        return AwsCredentialsError(f"no AWS credentials found: {CREDENTIALS_REMEDY}")
    return AwsCredentialsError(f"the AWS credentials can't be used ({error}): {CREDENTIALS_REMEDY}")


def error_code(error: Exception) -> str:
    """Return the service's error code, or the exception's class name if there was no response."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def explained(error: Exception) -> str:
    """Return the error's code and message, with a remedy if one is known."""
    said = f"{error_code(error)}: {error}"
    if is_denied(error):
        return f"{said}; {DENIED_REMEDY}"
    if isinstance(error, BotoConnectionError):
        return f"{said}; {CONNECTION_REMEDY}"
    return said


def is_of_credentials(error: Exception) -> bool:
    """Whether the credentials are expired, unknown or missing, so that other ones may be accepted."""
    return error_code(error) in CREDENTIAL_CODES


def is_denied(error: Exception) -> bool:
    """Whether AWS refuses the caller until an operator changes permissions or credentials."""
    return error_code(error) in DENIED_CODES or is_of_credentials(error)


def is_certain_refusal(error: Exception) -> bool:
    """Whether the service answered the only attempt of the call, and did nothing.

    After a fault of the service, or if boto3 repeated the call, an attempt may have had its effect without
    an answer.
    """
    if not isinstance(error, ClientError):
        return False
    answer = error.response.get("ResponseMetadata", {})
    return not answer.get("RetryAttempts") and answer.get("HTTPStatusCode", 0) < 500  # noqa: PLR2004 - HTTP's server errors


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later: throttling, a service fault or a lost connection."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or error_code(error) in TRANSIENT_CODES  # noqa: PLR2004 - HTTP's server errors
    return isinstance(error, (HTTPClientError, BotoConnectionError))
