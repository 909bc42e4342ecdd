"""Webhook signature: lets a receiver with the secret verify a request's origin, integrity and age."""

import hashlib
import hmac
from typing import Final

SIGNATURE_HEADER: Final = "X-Fraudstream-Signature"
TIMESTAMP_HEADER: Final = "X-Fraudstream-Timestamp"
VERSION: Final = "v1"
"""Version of the signature scheme. A new scheme would be sent beside it under its own version."""


def signature(secret: bytes, timestamp_s: int, body: bytes) -> str:
    """Return ``v1=`` and the hexadecimal HMAC-SHA256 of ``TIMESTAMP.BODY``.

    The timestamp is in decimal epoch seconds. It is signed so that a receiver can reject a request that was
    recorded and sent again.
    """
    digest = hmac.new(secret, b"%d." % timestamp_s + body, hashlib.sha256)
    return f"{VERSION}={digest.hexdigest()}"
