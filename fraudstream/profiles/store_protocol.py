"""Protocol of profile stores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow


class ProfileStoreError(Exception):
    """A profile store can't be reached or read; the message names the store, without a password."""


LAYOUT: Final = "1"
"""Version of the layout that docs/profiles.md describes, which each store has within it."""
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
