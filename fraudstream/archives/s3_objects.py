"""S3 objects: listing, download, and error messages that name the remedy."""

from pathlib import Path
from typing import Any, Final, NamedTuple

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.locations import S3Uri
from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import (
    CONNECTION_REMEDY,
    CREDENTIALS_REMEDY,
    AwsCredentialsError,
    error_code,
)
from fraudstream.runtime.aws_settings import AwsSettings

READ_TIMEOUT_S: Final = 60
"""Timeout of one read, not of a whole object; boto3 retries a read that takes longer."""
_ERRORS: Final = (ClientError, BotoCoreError, Boto3Error)
_NO_ACCESS: Final = frozenset({"AccessDenied", "AllAccessDisabled", "403"})
_NO_IDENTITY: Final = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)
_GONE: Final = frozenset({"404", "NoSuchKey"})
"""Error codes (S3 API reference: Error responses); a HEAD response has only its status."""


class S3Object(NamedTuple):
    """An object in a bucket."""

    uri: S3Uri
    size_bytes: int


class S3:
    """S3 at the endpoint of the settings; raises `ArchiveError` if there are no credentials."""

    def __init__(self, settings: AwsSettings) -> None:
        try:
            self._client = aws_client("s3", settings, read_timeout_s=READ_TIMEOUT_S)
        except AwsCredentialsError as error:
            msg = f"S3 can't be read: {error}"
            raise ArchiveError(msg) from None

    def objects(self, uri: S3Uri) -> list[S3Object]:
        """Return the object with the key of ``uri``, or else all objects in that folder, sorted by key.

        The order is S3's: by the UTF-8 bytes of the keys. Raises `ArchiveError` if S3 refuses the request or
        does not respond.
        """
        try:
            return self._exactly(uri) or self._below(uri)
        except _ERRORS as error:
            raise _archive_error(error, uri) from None

    def download(self, uri: S3Uri, path: Path) -> None:
        """Copy an object to ``path``; raises `ArchiveError` if it can't be read or the disk is full."""
        try:
            self._client.download_file(uri.bucket, uri.key, str(path))
        except _ERRORS as error:
            raise _archive_error(error, uri) from None
        except OSError as error:
            msg = f"{uri} can't be copied to {path} ({error}); set TMPDIR to a folder with room"
            raise ArchiveError(msg) from None

    def _exactly(self, uri: S3Uri) -> list[S3Object]:
        if not uri.key or uri.key.endswith("/"):
            return []
        # A key sorts before all longer keys that begin with it, so one result is enough.
        found = self._client.list_objects_v2(Bucket=uri.bucket, Prefix=uri.key, MaxKeys=1)
        return [each for each in _listed(uri, found) if each.uri.key == uri.key]

    def _below(self, uri: S3Uri) -> list[S3Object]:
        folder = f"{uri.key.rstrip('/')}/" if uri.key else ""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=uri.bucket, Prefix=folder)
        return [each for page in pages for each in _listed(uri, page)]


def _listed(uri: S3Uri, page: dict[str, Any]) -> list[S3Object]:
    return [
        S3Object(S3Uri(f"s3://{uri.bucket}/{each['Key']}"), each["Size"]) for each in page.get("Contents", [])
    ]


def _archive_error(error: Exception, uri: S3Uri) -> ArchiveError:
    """Return the error for an object that S3 did not return, with the remedy if one is known."""
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return ArchiveError(f"{uri}: S3 does not respond ({error}); {CONNECTION_REMEDY}")
    code = error_code(error)
    return ArchiveError(f"{uri} {_refusal(code, uri.bucket) or f'could not be read: {code}: {error}'}")


def _refusal(code: str, bucket: str) -> str | None:
    if code in _NO_ACCESS:
        return (
            f"can't be read: access denied ({code}); allow s3:ListBucket on arn:aws:s3:::{bucket} and "
            f"s3:GetObject on arn:aws:s3:::{bucket}/*"
        )
    if code in _NO_IDENTITY:
        return f"can't be read: S3 rejected the AWS credentials ({code}): {CREDENTIALS_REMEDY}"
    if code in _GONE:
        return "was deleted from the archive during the run; run again to read the files that are left"
    if code == "NoSuchBucket":
        return f"not found: bucket {bucket!r} does not exist; check its name, and AWS_ENDPOINT_URL"
    return None
