"""Progress store in a SQLite file, for one consumer process per name at a time."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from alerts.store.progress_store import Claims, StoreError
from fraudstream.streams.positions import Position

LAYOUT: Final = 1
"""Version of the tables, stored in the file's ``user_version``; a file with another version is refused."""
BUSY_TIMEOUT_S: Final = 10.0
PURGE_INTERVAL_MS: Final = 60_000
"""Interval between two deletions of expired ids."""
MAX_VARIABLES: Final = 500
"""Maximum number of ids in one statement; SQLite before 3.32 allows 999 (sqlite.org/limits.html)."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS starts (consumer TEXT PRIMARY KEY, start_ms INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
  consumer TEXT, shard_id TEXT, sequence_number TEXT, reached_ms INTEGER NOT NULL, is_end INTEGER NOT NULL,
  PRIMARY KEY (consumer, shard_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS handled (
  consumer TEXT, alert_id TEXT, expires_at_ms INTEGER NOT NULL,
  PRIMARY KEY (consumer, alert_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS handled_by_expiry ON handled (expires_at_ms);
CREATE TABLE IF NOT EXISTS redrives (
  letter_id TEXT, attempt INTEGER, began_at_ms INTEGER NOT NULL, sent_at_ms INTEGER,
  original BLOB NOT NULL, record BLOB NOT NULL, patch TEXT,
  PRIMARY KEY (letter_id, attempt)) WITHOUT ROWID;
"""


@contextmanager
def sqlite_errors_explained(path: Path) -> Iterator[None]:
    """Convert SQLite errors to a `StoreError` that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        msg = f"the store {path} can't be used: {error}; check that it is writable, or use another file"
        raise StoreError(msg) from error


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the file; raises `StoreError` if it is not a SQLite file or has another layout.

    It uses a write-ahead log that is synced only at its checkpoints. A killed process loses nothing; a power
    failure loses at most the last commits, after which alerts are delivered again and none is lost.
    """
    with sqlite_errors_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout not in {0, LAYOUT}:
            msg = f"the store {path} has layout {layout}, this version supports {LAYOUT}; use another file"
            raise StoreError(msg)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_TABLES + f"PRAGMA user_version = {LAYOUT};")
    return connection


class SqliteStore:
    """A `ProgressStore` in the file ``path``; ``keep_ids_ms`` is the time to live of alert ids.

    A lock on a file beside it (``flock``, which the system releases when the process dies) excludes a second
    consumer of the same name. Unfinished alerts therefore have no other owner, and claims are not stored.
    Raises `StoreError` if another consumer holds the lock.
    """

    def __init__(self, path: Path, consumer: str, *, keep_ids_ms: int) -> None:
        self._path = path
        self._consumer = consumer
        self._keep_ids_ms = keep_ids_ms
        self._purged_at_ms = 0
        self._connection = open_database(path)
        self._lock = self._acquire_lock()

    def _acquire_lock(self) -> IO[str]:
        lock_path = self._path.with_name(f"{self._path.name}.{self._consumer.replace('/', '.')}.lock")
        with sqlite_errors_explained(self._path):
            lock = lock_path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            msg = (
                f"a consumer named {self._consumer!r} already uses the store {self._path}: "
                "stop it, use another --name, or use a DynamoDB store for both"
            )
            raise StoreError(msg) from error
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock

    def begin(self, start_ms: int | None) -> int | None:
        """Store the start of the first run and return the stored one; see `ProgressStore.begin`."""
        with sqlite_errors_explained(self._path):
            self._connection.execute("INSERT OR IGNORE INTO starts VALUES (?, ?)", (self._consumer, start_ms))
            row = self._connection.execute(
                "SELECT start_ms FROM starts WHERE consumer = ?", (self._consumer,)
            ).fetchone()
        start: int | None = row[0]
        return start

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard, by shard id."""
        with sqlite_errors_explained(self._path):
            rows = self._connection.execute(
                "SELECT shard_id, sequence_number, reached_ms, is_end FROM positions WHERE consumer = ?",
                (self._consumer,),
            ).fetchall()
        return {shard_id: Position(number, reached, bool(end)) for shard_id, number, reached, end in rows}

    def advance(self, positions: Mapping[str, Position]) -> None:
        """Move positions forward; the lock excludes other writers."""
        rows = [
            (self._consumer, shard_id, position.sequence_number, position.reached_ms, position.is_end)
            for shard_id, position in positions.items()
        ]
        with sqlite_errors_explained(self._path), self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?)", rows)

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        """Return the handled ids as done and the others as ours."""
        del now_ms  # an expired id counts until it is deleted: keeping it longer is safe
        done: set[str] = set()
        with sqlite_errors_explained(self._path):
            for first in range(0, len(alert_ids), MAX_VARIABLES):
                done |= self._handled(alert_ids[first : first + MAX_VARIABLES])
        return Claims([each for each in alert_ids if each not in done], done, ())

    def _handled(self, alert_ids: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(alert_ids))
        query = f"SELECT alert_id FROM handled WHERE consumer = ? AND alert_id IN ({marks})"  # noqa: S608 - placeholders only
        return {row[0] for row in self._connection.execute(query, (self._consumer, *alert_ids))}

    def finish(self, alert_ids: Sequence[str], now_ms: int) -> None:
        """Record that the alerts are handled, and delete expired ids from time to time."""
        expires_at_ms = now_ms + self._keep_ids_ms
        rows = [(self._consumer, alert_id, expires_at_ms) for alert_id in alert_ids]
        with sqlite_errors_explained(self._path), self._transaction():
            self._connection.executemany("INSERT OR REPLACE INTO handled VALUES (?, ?, ?)", rows)
            if now_ms - self._purged_at_ms >= PURGE_INTERVAL_MS:
                self._connection.execute("DELETE FROM handled WHERE expires_at_ms <= ?", (now_ms,))
                self._purged_at_ms = now_ms

    def release(self, alert_ids: Sequence[str]) -> None:
        """Do nothing: this store records no claims."""

    def close(self) -> None:
        """Close the file and release the lock."""
        self._connection.close()
        self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
