"""Protocol of profile stores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow


class ProfileStoreError(Exception):
    """A profile store can't be reached or read; the message names the store, without a password."""


LAYOUT: Final = "1"
"""Version of the layout that docs/profiles.md describes, which each store has within it."""
MAX_BATCH_ROWS: Final = 100
MAX_BATCH_BYTES: Final = 4_000_000
"""Limits of one call of a write, so that no call holds the server, or a deadline, for long."""
OnCount = Callable[[int], object]
"""Called with the number of rows so far, for the display of progress."""


def ignore_count(_rows: int) -> None:
    """Show no progress."""


def check_layout(layout: str, store: str) -> None:
    """Raise `ProfileStoreError` unless a store has the layout of this release."""
    if layout != LAYOUT:
        msg = (
            f"the profile store {store} has layout {layout!r}, this release reads and writes {LAYOUT!r}: use "
            "the release that wrote it, or an empty store, which the job fills (docs/profiles.md)"
        )
        raise ProfileStoreError(msg)


def encoded_id(key: ProfileKey) -> bytes:
    """Return the UTF-8 of an id; raises `ProfileStoreError` for half of a surrogate pair."""
    try:
        return key.id.encode()
    except UnicodeEncodeError as error:
        raise unencodable_id(error) from None


def unencodable_id(error: UnicodeEncodeError) -> ProfileStoreError:
    """Return the error for an id with half of a surrogate pair."""
    return ProfileStoreError(f"an id has no UTF-8 form ({error.reason}): the job refuses such an id")


def write_batches(rows: Sequence[ProfileRow]) -> Iterator[list[ProfileRow]]:
    """Yield rows in batches of at most `MAX_BATCH_ROWS` and about `MAX_BATCH_BYTES`, in their order."""
    batch: list[ProfileRow] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == MAX_BATCH_ROWS or size + len(row.profile) > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.profile)
    if batch:
        yield batch


def newest_rows(rows: Sequence[ProfileRow], now_ms: int) -> list[ProfileRow]:
    """Return the rows that are left if each one replaces its predecessor: one for each key."""
    kept: dict[ProfileKey, ProfileRow] = {}
    for row in rows:
        if row.key not in kept or row.replaces(kept[row.key], now_ms):
            kept[row.key] = row
    return list(kept.values())


def delete_in_batches(delete: Callable[[], int], batch: int, on_count: OnCount) -> int:
    """Call ``delete`` until it deletes less than a batch; return the sum, also reported on the way."""
    deleted = 0
    while True:
        count = delete()
        deleted += count
        on_count(deleted)
        if count < batch:
            return deleted


@dataclass(frozen=True, slots=True)
class EntityCount:
    """The number of rows of an entity, expired ones included, and the bytes of their profiles."""

    entity: str
    rows: int
    bytes: int


class ProfileStore(Protocol):
    """A connection to a profile store. Confined to one thread; every call has a deadline.

    The job writes profiles through the kernel's ``ProfileStore``, and this is for everyone else.
    """

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        """Return the row of each key, in one round trip where the store has one; None if not found.

        Expired rows are returned: the caller has the clock. Raises `ProfileStoreError`.
        """

    def progress(self) -> list[ProfileProgress]:
        """Return the progress of every task that has reported. Raises `ProfileStoreError`."""

    def write(self, rows: Sequence[ProfileRow], now_ms: int) -> None:
        """Write rows, each if it replaces the stored one (`ProfileRow.replaces`).

        Raises `ProfileStoreError`.
        """

    def report(self, progress: ProfileProgress) -> None:
        """Replace the progress of a task. Raises `ProfileStoreError`."""

    def close(self) -> None:
        """Close the connection."""


class ProfileInventory(ProfileStore, Protocol):
    """A profile store for its operator. These calls look at every row, so their deadline is per batch."""

    def counts(self, on_count: OnCount = ignore_count) -> list[EntityCount]:
        """Return the size of each entity that has rows, by name. Raises `ProfileStoreError`."""

    def expire(self, now_ms: int, on_count: OnCount = ignore_count) -> int:
        """Delete the rows that have expired, and return their number; 0 if the store does so itself.

        Raises `ProfileStoreError`.
        """
