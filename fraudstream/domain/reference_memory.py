"""Reference definition of what an entity remembers; part of `fraudstream.domain.reference`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from fraudstream.domain.reference_windows import Arrived
from fraudstream.domain.transaction import Label, TransactionKey

RECENT: Final = 16
"""Number of the latest transactions that decide about the on-time frontier of a shared entity."""
RISING: Final = 9
"""The frontier rises to a time that so many of them have reached."""
FALLING: Final = 4
"""The frontier falls if fewer than so many of them have reached it."""
ROWS_AHEAD: Final = 1_024
"""Most transactions that a shared entity keeps ahead of its frontier by more than the future tolerance."""


def frontier_ms(before_ms: int | None, arrived_ms: list[int]) -> int | None:
    """Return the on-time frontier after the last of ``arrived_ms``, event times in order of arrival.

    ``before_ms`` is the frontier before it. None: fewer than `RISING` transactions have arrived.
    """
    newest_first = sorted(arrived_ms[-RECENT:], reverse=True)
    if len(newest_first) < RISING:
        return None
    risen = newest_first[RISING - 1]
    if before_ms is not None:
        risen = max(risen, before_ms)
    return min(risen, newest_first[FALLING - 1])


@dataclass(kw_only=True)
class Memory:
    """The transactions that one id of an entity remembers, and what it has lost.

    Everything at or before the horizon is forgotten. An account's horizon follows its own newest event time;
    that of an entity that accounts share follows the on-time frontier, which outliers do not move.
    """

    is_shared: bool
    reach_ms: int
    allowed_lateness_ms: int
    future_tolerance_ms: int
    uses_labels: bool
    kept: list[Arrived] = field(default_factory=list)
    """In order of arrival."""
    on_time_ms: int | None = None
    """The frontier, or the newest event time of an account."""
    unheard: set[TransactionKey] = field(default_factory=set)
    """Transactions whose labels came or waited while the transactions would not have been kept."""
    _arrived_ms: list[int] = field(default_factory=list)
    _lost_ms: list[int] = field(default_factory=list)
    _lost_ahead_ms: list[int] = field(default_factory=list)

    @property
    def arrived(self) -> int:
        """The number of transactions that arrived."""
        return len(self._arrived_ms)

    def arrive(self, at_hand: Arrived, labels: Mapping[TransactionKey, Label]) -> bool:
        """Advance to an arriving transaction, and return whether it is in reach.

        It is in reach if nothing was lost that its windows may cover, itself included. `keep` adds it.
        """
        time_ms = at_hand.event_time_ms
        self._advance(time_ms)
        self._forget(labels)
        if not self.is_shared:
            return True
        if not self._is_remembered(time_ms):
            self._lost_ms.append(time_ms)
        elif not self._has_room(time_ms):
            # Nothing is ahead of a frontier that does not exist, so there is one.
            self._lose_ahead(time_ms, on_time_from_ms=self._horizon_ms + self.reach_ms)
        return self._is_complete(time_ms)

    def keep(self, at_hand: Arrived) -> None:
        """Add the transaction that arrived, unless it would be forgotten at once or is one too many ahead."""
        if self._is_remembered(at_hand.event_time_ms) and self._has_room(at_hand.event_time_ms):
            self.kept.append(at_hand)

    def hear(self, label: Label) -> None:
        """Take a label: of a transaction that is kept, or of one that would be if it came now."""
        time_ms = label.event_time_ms
        would_be_kept = self._is_remembered(time_ms) and self._has_room(time_ms)
        if would_be_kept or label.key in self._keys():
            self.unheard.discard(label.key)
        else:
            self.unheard.add(label.key)

    def _keys(self) -> Collection[TransactionKey]:
        return {each.transaction.key for each in self.kept}

    def _advance(self, time_ms: int) -> None:
        self._arrived_ms.append(time_ms)
        if self.is_shared:
            self.on_time_ms = frontier_ms(self.on_time_ms, self._arrived_ms)
        else:
            self.on_time_ms = max(self._arrived_ms)

    @property
    def _slack_ms(self) -> int:
        return self.allowed_lateness_ms + (self.future_tolerance_ms if self.is_shared else 0)

    @property
    def _horizon_ms(self) -> float:
        """The time up to which everything is forgotten.

        A transaction that is late by exactly the allowed lateness sees the reach of the longest window, and
        at least transactions with its own event time, so that duplicates are found.
        """
        if self.on_time_ms is None:
            return -float("inf")
        return self.on_time_ms - self._slack_ms - max(self.reach_ms, 1)

    def _is_remembered(self, time_ms: int) -> bool:
        return time_ms > self._horizon_ms

    def _has_room(self, time_ms: int) -> bool:
        if not self._is_ahead(time_ms):
            return True
        return sum(self._is_ahead(each.event_time_ms) for each in self.kept) < ROWS_AHEAD

    def _is_ahead(self, time_ms: int) -> bool:
        is_later = self.on_time_ms is not None and time_ms > self.on_time_ms + self.future_tolerance_ms
        return self.is_shared and is_later

    def _forget(self, labels: Mapping[TransactionKey, Label]) -> None:
        horizon_ms = self._horizon_ms
        self._lost_ms += [each.event_time_ms for each in self.kept if each.event_time_ms <= horizon_ms]
        self.kept = [each for each in self.kept if each.event_time_ms > horizon_ms]
        if self.uses_labels:
            late = {key for key, label in labels.items() if label.event_time_ms <= horizon_ms}
            self.unheard |= late.difference(self._keys())

    def _lose_ahead(self, time_ms: int, *, on_time_from_ms: float) -> None:
        """Add to the gap ahead of the frontier; one that the frontier has passed is closed before."""
        if self._gap_end_ms() <= on_time_from_ms:
            self._lost_ms += self._lost_ahead_ms
            self._lost_ahead_ms = []
        self._lost_ahead_ms.append(time_ms)

    def _gap_end_ms(self) -> float:
        return max(self._lost_ahead_ms, default=-float("inf")) + self.reach_ms

    def _is_complete(self, time_ms: int) -> bool:
        if self._lost_ms and time_ms < max(self._lost_ms) + self.reach_ms:
            return False
        return not (self._lost_ahead_ms and min(self._lost_ahead_ms) <= time_ms < self._gap_end_ms())
