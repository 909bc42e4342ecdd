"""Stores of the answers to requests that have an ``Idempotency-Key``.

A key is claimed before its request is carried out, and released if that failed, so that the request can be
sent again. The claim of a process that died ends with its lease.
"""

import hashlib
import uuid
import zlib
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
MAX_KEY_CHARACTERS: Final = 255


class IdempotencyStoreError(Exception):
    """A store can't be reached; the message says which, without credentials."""


class StoredAnswer(NamedTuple):
    """The answer to an earlier request: its status and body."""

    status: int
    body: bytes


Taken = Literal["other-body", "in-progress"]
"""A key that another body has, or whose first request is not answered yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyClaim:
    """A request's claim of a key: ``key`` belongs to one caller and one route, ``fingerprint`` to a body."""

    key: str
    fingerprint: str
    owner: str
    lease_until_ms: int
    expires_ms: int

    @classmethod
    def of(  # noqa: PLR0913 - independent parts
        cls, caller: str, route: str, key: str, body: bytes, *, now_ms: int, lease_ms: int, keep_ms: int
    ) -> "IdempotencyClaim":
        """Return the claim of a request; callers can't see each other's answers."""
        parts = f"{caller}\0{route}\0{key}".encode("utf-8", "surrogateescape")
        return cls(
            key=hashlib.sha256(parts).hexdigest(),
            fingerprint=hashlib.sha256(body).hexdigest(),
            owner=uuid.uuid4().hex,
            lease_until_ms=now_ms + lease_ms,
            expires_ms=now_ms + keep_ms,
        )


class IdempotencyStore(Protocol):
    """Keeps answers by key. Its methods may block, raise `IdempotencyStoreError`, and need no one thread."""

    is_blocking: bool
    """Whether its methods wait for a disk or a network, so that they must not run in an event loop."""

    def claim(self, claim: IdempotencyClaim, now_ms: int) -> StoredAnswer | Taken | None:
        """Claim a key; returns None if it is the claimer's now, else its answer, or why there is none."""

    def finish(self, claim: IdempotencyClaim, answer: StoredAnswer) -> None:
        """Store the answer to a claimed key; without effect if the lease has ended and another has it."""

    def release(self, claim: IdempotencyClaim) -> None:
        """Give up a claim, so that the request can be sent again."""

    def close(self) -> None:
        """Close files and connections."""


@dataclass(slots=True)
class KeptAnswer:
    """A claimed key as a store has it; ``answer`` is None until the request is answered."""

    fingerprint: str
    owner: str
    lease_until_ms: int
    expires_ms: int
    answer: StoredAnswer | None

    def outcome(self, claim: IdempotencyClaim, now_ms: int) -> StoredAnswer | Taken | None:
        """Return the outcome for a later claim; None if it may take the key over."""
        if self.expires_ms <= now_ms or (self.answer is None and self.lease_until_ms <= now_ms):
            return None
        if self.fingerprint != claim.fingerprint:
            return "other-body"
        return self.answer or "in-progress"


def packed(body: bytes) -> bytes:
    """Return a body as it is stored: results of 500 records are repetitive."""
    return zlib.compress(body, 1)


def unpacked(stored: bytes) -> bytes:
    """Return the body of `packed` bytes."""
    return zlib.decompress(stored)
