"""Locations of inputs: paths on disk and S3 URIs."""

import re
from typing import Final, Self

S3_SCHEME: Final = "s3://"
_S3_URI: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
"""A bucket name according to the naming rules of the S3 user guide, and any key."""


class S3Uri(str):
    """URI ``s3://BUCKET/KEY`` of an object or a folder; without a key, of the whole bucket."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check ``text``; raises ``ValueError`` with the remedy if it is not a valid URI."""
        if not _S3_URI.fullmatch(text):
            msg = "the bucket name is not valid; write s3://BUCKET/KEY, or s3://BUCKET/FOLDER/"
            raise ValueError(msg)
        return super().__new__(cls, text)

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.removeprefix(S3_SCHEME).partition("/")[0]

    @property
    def key(self) -> str:
        """The key of the object or folder; empty for the whole bucket."""
        return self.removeprefix(S3_SCHEME).partition("/")[2]


def s3_or_path(value: object) -> object:
    """Return a string that begins with ``s3://`` as an `S3Uri`, any other value unchanged.

    Raises ``ValueError`` if the URI is not valid.
    """
    return S3Uri(value) if isinstance(value, str) and value.startswith(S3_SCHEME) else value
