"""Protocol of profile stores."""

from collections.abc import Sequence
from typing import Protocol

from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow


class ProfileStoreError(Exception):
    """A profile store can't be reached or read; the message names the store, without a password."""


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
