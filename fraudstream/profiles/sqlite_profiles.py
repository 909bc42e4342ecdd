"""Profile store in a SQLite file: the embedded default, for a job and servers on one machine."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import (
    LAYOUT,
    EntityCount,
    OnCount,
    ProfileStoreError,
    check_layout,
    delete_in_batches,
    ignore_count,
    unencodable_id,
)
from fraudstream.runtime.private_files import make_private, open_private

TABLES: Final = """
CREATE TABLE IF NOT EXISTS profiles (
  entity TEXT, id TEXT, epoch_ms INTEGER, ordinal INTEGER, updated_ms INTEGER, expires_ms INTEGER,
  profile BLOB, PRIMARY KEY (entity, id));
CREATE TABLE IF NOT EXISTS progress (
  entity TEXT, task INTEGER, tasks INTEGER, epoch_ms INTEGER, written_until_ms INTEGER,
  PRIMARY KEY (entity, task));
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT);
"""
READ: Final = (
    "SELECT epoch_ms, ordinal, updated_ms, expires_ms, profile FROM profiles WHERE entity = ? AND id = ?"
)
WRITE: Final = """
INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entity, id) DO UPDATE SET
  epoch_ms = excluded.epoch_ms, ordinal = excluded.ordinal, updated_ms = excluded.updated_ms,
  expires_ms = excluded.expires_ms, profile = excluded.profile
WHERE excluded.epoch_ms > profiles.epoch_ms
  OR (excluded.epoch_ms = profiles.epoch_ms AND excluded.ordinal >= profiles.ordinal)
  OR profiles.expires_ms <= ?
"""
"""Write a row by the rule of `ProfileRow.replaces`; the last parameter is the present time."""
EXPIRE: Final = """
DELETE FROM profiles WHERE rowid IN (SELECT rowid FROM profiles WHERE expires_ms <= ? LIMIT ?)
"""
EXPIRE_BATCH: Final = 1_000
"""Rows deleted in one transaction: the job's writes wait no longer than for one of them."""


class SqliteProfiles:
    """A `ProfileStore` in the file ``path``, which the first write creates, with the mode 0600.

    Readers do not block the writer, nor does it block them (write-ahead log). A call waits at most
    ``timeout_s`` seconds for another writer. A file that was deleted and made again is opened again.
    """

    def __init__(self, path: str | Path, *, timeout_s: float) -> None:
        self._path = Path(path)
        self._timeout_s = timeout_s
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        """Return the row of each key; see `ProfileStore.read`. Raises if there is no file."""
        with self._errors_explained():
            execute = self._opened().execute
            found = [(key, execute(READ, key).fetchone()) for key in keys]
        return [row if row is None else _row(key, *row) for key, row in found]

    def progress(self) -> list[ProfileProgress]:
        """Return the progress of every task; see `ProfileStore.progress`. Raises if there is no file."""
        with self._errors_explained():
            rows = self._opened().execute(
                "SELECT entity, task, tasks, epoch_ms, written_until_ms FROM progress ORDER BY entity, task"
            )
            return [
                ProfileProgress(
                    entity=entity, task=task, tasks=tasks, epoch_ms=epoch_ms, written_until_ms=until_ms
                )
                for entity, task, tasks, epoch_ms, until_ms in rows
            ]

    def write(self, rows: Sequence[ProfileRow], now_ms: int) -> None:
        """Write rows in one transaction; see `ProfileStore.write`."""
        values = [
            (*row.key, row.epoch_ms, row.ordinal, row.updated_ms, row.expires_ms, row.profile, now_ms)
            for row in rows
        ]
        with self._errors_explained(), self._transaction() as connection:
            connection.executemany(WRITE, values)

    def report(self, progress: ProfileProgress) -> None:
        """Replace the progress of a task; see `ProfileStore.report`."""
        with self._errors_explained(), self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)",
                (
                    progress.entity,
                    progress.task,
                    progress.tasks,
                    progress.epoch_ms,
                    progress.written_until_ms,
                ),
            )

    def counts(self, on_count: OnCount = ignore_count) -> list[EntityCount]:
        """Return the rows and bytes of each entity; see `ProfileInventory.counts`."""
        with self._errors_explained():
            rows = self._opened().execute(
                "SELECT entity, count(*), sum(length(profile)) FROM profiles GROUP BY entity ORDER BY entity"
            )
            counts = [EntityCount(*row) for row in rows]
        on_count(sum(each.rows for each in counts))
        return counts

    def expire(self, now_ms: int, on_count: OnCount = ignore_count) -> int:
        """Delete expired rows in batches; see `ProfileInventory.expire`."""
        return delete_in_batches(lambda: self._expire_batch(now_ms), EXPIRE_BATCH, on_count)

    def _expire_batch(self, now_ms: int) -> int:
        with self._errors_explained():
            self._opened()
            with self._transaction() as connection:
                return connection.execute(EXPIRE, (now_ms, EXPIRE_BATCH)).rowcount

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise unencodable_id(error) from None
        except (sqlite3.Error, OSError) as error:
            self.close()
            reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
            msg = (
                f"the profile store sqlite:{self._path} can't be used: {reason}; start the job with this "
                "profile_store, and check that this user can read and write the file and its folder"
            )
            raise ProfileStoreError(msg) from error

    def _opened(self) -> sqlite3.Connection:
        """Return the connection to the file that has the path now; raises ``OSError`` without one."""
        found = os.stat(self._path)  # noqa: PTH116 - a third of the cost of Path.stat, on every read
        file = (found.st_dev, found.st_ino)
        if self._connection is None or file != self._file:
            self.close()
            self._connection = self._open()
            self._file = file
        return self._connection

    def _open(self) -> sqlite3.Connection:
        make_private(self._path)
        # A program may use its stores in their threads, and close all of them in another one at its end.
        connection = sqlite3.connect(
            self._path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            layout = _layout(connection) or _create(connection)
            check_layout(layout, f"sqlite:{self._path}")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(open_private(self._path, os.O_RDWR | os.O_CREAT))
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _layout(connection: sqlite3.Connection) -> str | None:
    """Return the layout of a file, None if it has no tables yet; takes no lock that a writer waits for."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    row: tuple[str] | None = connection.execute("SELECT value FROM meta WHERE name = 'layout'").fetchone()
    return None if row is None else row[0]


def _create(connection: sqlite3.Connection) -> str:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(TABLES)
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('layout', ?)", (LAYOUT,))
    return _layout(connection) or ""


def _row(  # noqa: PLR0913, PLR0917 - the columns
    key: ProfileKey, epoch_ms: int, ordinal: int, updated_ms: int, expires_ms: int, profile: bytes
) -> ProfileRow:
    return ProfileRow(
        key=key,
        epoch_ms=epoch_ms,
        ordinal=ordinal,
        updated_ms=updated_ms,
        expires_ms=expires_ms,
        profile=profile,
    )
