"""Idempotency store in the memory of one process."""

from collections import OrderedDict
from typing import Final

from serving.gateway.idempotency_protocol import (
    IdempotencyClaim,
    KeptAnswer,
    StoredAnswer,
    Taken,
    packed,
    unpacked,
)

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Maximum of all stored bodies together; an answer of 500 records takes about 30 KB."""


class MemoryIdempotency:
    """An `IdempotencyStore` that a restart empties.

    Beyond ``max_keys`` or ``max_body_bytes``, the oldest keys are dropped.
    """

    is_blocking = False

    def __init__(self, max_keys: int, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_keys = max_keys
        self._max_body_bytes = max_body_bytes
        self._body_bytes = 0
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()

    def claim(self, claim: IdempotencyClaim, now_ms: int) -> StoredAnswer | Taken | None:
        """Claim a key; see `IdempotencyStore.claim`."""
        kept = self._kept.get(claim.key)
        outcome = None if kept is None else kept.outcome(claim, now_ms)
        if isinstance(outcome, StoredAnswer):
            return outcome._replace(body=unpacked(outcome.body))
        if outcome is None:
            self._drop(claim.key)
            self._drop_old(now_ms)
            self._kept[claim.key] = KeptAnswer(
                claim.fingerprint, claim.owner, claim.lease_until_ms, claim.expires_ms, None
            )
        return outcome

    def finish(self, claim: IdempotencyClaim, answer: StoredAnswer) -> None:
        """Store the answer; see `IdempotencyStore.finish`."""
        kept = self._kept.get(claim.key)
        if kept is not None and kept.owner == claim.owner:
            kept.answer = answer._replace(body=packed(answer.body))
            self._body_bytes += len(kept.answer.body)

    def release(self, claim: IdempotencyClaim) -> None:
        """Give up a claim; see `IdempotencyStore.release`."""
        kept = self._kept.get(claim.key)
        if kept is not None and kept.owner == claim.owner:
            self._drop(claim.key)

    def close(self) -> None:
        """Do nothing: memory needs no closing."""

    def _drop_old(self, now_ms: int) -> None:
        """Drop the oldest keys: those that are expired, as all are kept equally long, or too many."""
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            is_full = len(self._kept) >= self._max_keys or self._body_bytes > self._max_body_bytes
            if oldest.expires_ms > now_ms and not is_full:
                return
            self._drop(key)

    def _drop(self, key: str) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None and dropped.answer is not None:
            self._body_bytes -= len(dropped.answer.body)
