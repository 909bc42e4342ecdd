"""A profile store in memory, which can be made to fail."""

from collections.abc import Sequence

from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import ProfileStoreError


class MemoryProfiles:
    """The `ProfileStore` of tests; with an ``error``, every call fails with it."""

    def __init__(self) -> None:
        self.rows: dict[ProfileKey, ProfileRow] = {}
        self.reports: dict[tuple[str, int], ProfileProgress] = {}
        self.error: str | None = None
        self.reads: list[list[ProfileKey]] = []
        self.progress_calls = 0

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        self._fail()
        self.reads.append(list(keys))
        return [self.rows.get(key) for key in keys]

    def progress(self) -> list[ProfileProgress]:
        self._fail()
        self.progress_calls += 1
        return list(self.reports.values())

    def write(self, rows: Sequence[ProfileRow], now_ms: int) -> None:
        for row in rows:
            stored = self.rows.get(row.key)
            if stored is None or row.replaces(stored, now_ms):
                self.rows[row.key] = row

    def report(self, progress: ProfileProgress) -> None:
        self.reports[progress.entity, progress.task] = progress

    def close(self) -> None:
        self.error = "closed"

    def put(self, entity: str, id_: str, profile: bytes, *, expires_ms: int = 2**60) -> None:
        """Store a profile."""
        key = ProfileKey(entity, id_)
        self.rows[key] = ProfileRow(
            key=key, epoch_ms=1, ordinal=1, updated_ms=1, expires_ms=expires_ms, profile=profile
        )

    def written_until(self, time_ms: int, *entities: str) -> None:
        """Report that all changes until then are stored."""
        for entity in entities:
            self.report(ProfileProgress(entity=entity, task=0, tasks=1, epoch_ms=1, written_until_ms=time_ms))

    def _fail(self) -> None:
        if self.error is not None:
            raise ProfileStoreError(self.error)
