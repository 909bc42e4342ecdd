"""Profiles of a batch of transactions, with their age, and what to do if they can't be read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fraudstream.online.circuit_breaker import BreakerState, CircuitBreaker
from fraudstream.online.online_decision import ProfileState
from fraudstream.profiles.profile_rows import ProfileKey, written_until_ms
from fraudstream.profiles.store_protocol import ProfileStore, ProfileStoreError

PROGRESS_INTERVAL_MS: Final = 250
"""The job reports once a second; a reader that asks four times as often adds little to the age."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles that were found, by key, and how current they are."""

    found: Mapping[ProfileKey, bytes]
    written_until: Mapping[str, int | None]
    """By entity: the time until which all changes are in the store; None if not known."""
    error: str | None = None
    """Reason why the store could not be read."""

    def age_ms(self, keys: Iterable[ProfileKey | None], now_ms: int) -> int | None:
        """Return the age of the oldest of the keys' profiles; None if that of one is not known."""
        times = [self.written_until.get(key.entity) for key in keys if key is not None]
        known = [time for time in times if time is not None]
        return max(0, now_ms - min(known)) if known and len(known) == len(times) else None

    def state(self, age_ms: int | None, max_age_ms: int) -> ProfileState:
        """Return the state of profiles of that age."""
        if self.error is not None:
            return "missing"
        return "fresh" if age_ms is not None and age_ms <= max_age_ms else "stale"


class ProfileReader:
    """Reads profiles through a circuit breaker. Confined to one thread, as its store is."""

    def __init__(
        self, store: ProfileStore | None, clock_ms: Callable[[], int], breaker: CircuitBreaker
    ) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._breaker = breaker
        self._progress: dict[str, int | None] = {}
        self._asked_ms: int | None = None
        self.last_error: str | None = None if store else "no profile store is configured"

    @property
    def breaker_state(self) -> BreakerState:
        """The state of the circuit breaker."""
        return self._breaker.state

    def read(self, keys: Sequence[ProfileKey]) -> Profiles:
        """Return the profiles of the keys, without expired ones; never raises."""
        if self._store is None or not self._breaker.allows():
            return Profiles({}, {}, self.last_error)
        now_ms = self._clock_ms()
        try:
            rows = self._store.read(keys)
            self._ask_progress(self._store, now_ms)
        except ProfileStoreError as error:
            self._breaker.failed()
            self._asked_ms = None
            self.last_error = str(error)
            return Profiles({}, {}, self.last_error)
        self._breaker.succeeded()
        found = {row.key: row.profile for row in rows if row is not None and row.expires_ms > now_ms}
        return Profiles(found, self._progress)

    def _ask_progress(self, store: ProfileStore, now_ms: int) -> None:
        if self._asked_ms is not None and 0 <= now_ms - self._asked_ms < PROGRESS_INTERVAL_MS:
            return
        progress = store.progress()
        entities = {each.entity for each in progress}
        self._progress = {entity: written_until_ms(progress, entity) for entity in entities}
        self._asked_ms = now_ms
