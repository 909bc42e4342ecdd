"""The webhook's signature: who has the secret can tell that a request is ours, whole, and recent."""

import hashlib
import hmac
from typing import Final

SIGNATURE_HEADER: Final = "X-Fraudstream-Signature"
TIMESTAMP_HEADER: Final = "X-Fraudstream-Timestamp"
VERSION: Final = "v1"
"""Of the scheme; another one would come beside it under a number of its own."""


def signature(secret: bytes, timestamp_s: int, body: bytes) -> str:
    """Return ``v1=`` and the HMAC-SHA256, in hex, of the decimal timestamp (epoch seconds), a dot, the body.

    The timestamp is in it so that a receiver can refuse a request that somebody recorded and sends again.
    """
    digest = hmac.new(secret, b"%d." % timestamp_s + body, hashlib.sha256)
    return f"{VERSION}={digest.hexdigest()}"
