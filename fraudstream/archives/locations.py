"""Where an input lies: a path on disk, or a place on S3."""

import re
from typing import Final, Self

S3_SCHEME: Final = "s3://"
_S3_URI: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
"""The bucket's name as the S3 user guide's naming rules have it; any key."""


class S3Uri(str):
    """``s3://BUCKET/KEY``, where the key is an object's or a folder's; without one it is the whole bucket."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check ``text``; raises ``ValueError`` with the remedy."""
        if not _S3_URI.fullmatch(text):
            msg = "no bucket has such a name; write s3://BUCKET/KEY, or s3://BUCKET/FOLDER/"
            raise ValueError(msg)
        return super().__new__(cls, text)

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.removeprefix(S3_SCHEME).partition("/")[0]

    @property
    def key(self) -> str:
        """What follows the bucket; empty for the whole of it."""
        return self.removeprefix(S3_SCHEME).partition("/")[2]


def s3_or_path(value: object) -> object:
    """Return a text that begins with ``s3://`` as an `S3Uri`, all else as it is; ``ValueError`` as there."""
    return S3Uri(value) if isinstance(value, str) and value.startswith(S3_SCHEME) else value
