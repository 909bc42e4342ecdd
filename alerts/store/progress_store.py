"""Protocol of progress stores, and the delivery guarantees that it provides.

An alert goes through four steps. If the consumer dies after a step, this happens:

1. read from the stream: nothing is recorded; the alert is read again.
2. claimed (`ProgressStore.claim`): the alert is not handled. The claim ends at once with SQLite, and with its
   lease with DynamoDB; then the alert is claimed again and handled.
3. handled, not yet finished: the handler receives the alert again, with the same ``alert_id``.
4. finished (`ProgressStore.finish`), its shard's position not yet advanced: the alert is read again,
   recognised by its id and skipped.

Delivery is thus at-least-once. An alert is handled more than once only after a crash between 3 and 4, or if a
handler takes longer than the lease. Positions never move past an alert that is not finished. Ids are kept for
a limited time; a duplicate that arrives later than that is handled again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fraudstream.runtime.aws_errors import DeniedError
from fraudstream.streams.positions import Position

LEASE_MS: Final = 120_000
"""Validity of a claim without renewal. It is longer than an attempt of any built-in handler plus the wait
before the next attempt, so that the claim of a live consumer does not expire. Other consumers wait this long
for a dead one."""


class StoreError(Exception):
    """A store is unusable. The message says what is wrong and how to fix it.

    ``is_transient``: the same call may succeed later without anybody's help, such as a lock or throttling.
    ``is_lasting``: it never will, such as a damaged file. Neither is set if an operator can repair the store
    while the consumer runs.
    """

    def __init__(self, message: str, *, is_transient: bool = False, is_lasting: bool = False) -> None:
        super().__init__(message)
        self.is_transient = is_transient
        self.is_lasting = is_lasting


class StoreDeniedError(StoreError, DeniedError):
    """AWS refuses the caller the use of a store."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Result of a claim; each ``alert_id`` is in exactly one of the three groups.

    ``ours``: to be handled now. ``done``: already handled, by any consumer. ``busy``: claimed by another
    consumer; a later claim returns it as ours or done, within `LEASE_MS` if that consumer died.
    """

    ours: Collection[str]
    done: Collection[str]
    busy: Collection[str]


class ProgressStore(Protocol):
    """Stores the stream positions and the handled alert ids of one named consumer.

    Every method raises `StoreError` if the store is unusable. Times are epoch milliseconds.
    """

    def begin(self, start_ms: int | None) -> int | None:
        """Store the start of the first run (None: the oldest record) and return the stored start.

        Shards without a position are read from there, so a later run must not change it.
        """

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard, by shard id."""

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Move positions forward, never back. All alerts up to them must be finished."""

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Claim these ids, which must be distinct; the lease of ids that are already ours is renewed."""

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that the alerts are handled."""

    def handled_ms(self, alert_ids: Sequence[str]) -> dict[str, int]:
        """Return when each of these ids was handled; those that were not are left out."""

    def release(self, alert_ids: Sequence[str]) -> None:
        """Release claims of alerts that were not handled, so that others can claim them at once."""

    def close(self) -> None:
        """Close files and release locks."""
