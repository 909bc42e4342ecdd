"""What a store of progress has to do, and what that guarantees.

An alert goes through four steps. What happens if the consumer dies after each of them:

1. read from the stream: nothing is recorded; it is read again.
2. claimed (`ProgressStore.claim`): nobody has handled it. The claim is void at once with SQLite, and when its
   lease ends with DynamoDB; then the alert is claimed and handled again.
3. handled, not yet finished: the handler gets it once more, with the same ``alert_id``.
4. finished (`ProgressStore.finish`), its shard's position not yet advanced: it is read again, known by its
   id, and left out.

So each alert is handled at least once, and more than once only after a death between 3 and 4, or where a
handler takes longer than the lease. Positions never pass an alert that is not finished. An id is kept for a
set time; a copy of the alert that comes later than that is handled again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fraudstream.streams.positions import Position

LEASE_MS: Final = 120_000
"""How long a claim holds without being renewed: longer than a try of any handler that ships and the wait
before the next one, so that a consumer that lives is not overtaken. Another one waits so long for one that
died."""


class StoreError(Exception):
    """A store that can't be used; the message says what is wrong and how to fix it."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What became of a claim, by ``alert_id``: each is in exactly one of the three.

    ``ours``: to be handled now. ``done``: handled before, by whomever. ``busy``: another consumer has it in
    hand; asked again, it will be one of the other two, within `LEASE_MS` if that consumer died.
    """

    ours: Collection[str]
    done: Collection[str]
    busy: Collection[str]


class ProgressStore(Protocol):
    """Keeps, for one consumer by name, positions in the stream and the ids that are done.

    Every method raises `StoreError` if the store can't be used. Times are epoch milliseconds.
    """

    def begin(self, start_ms: int | None) -> int | None:
        """Remember where the very first run began (None: the oldest record) and return what is remembered.

        Shards without a position are read from there: a later run must not move it.
        """

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard."""

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Move positions forward, never back. Only for what lies behind alerts that are finished."""

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Take these ids in hand, each named once; those that are ours already have their lease renewed."""

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that these are handled."""

    def release(self, alert_ids: Sequence[str]) -> None:
        """Give back what was claimed and not handled, for others to take at once."""

    def close(self) -> None:
        """Let go of files and locks."""
