"""Progress store in a SQLite file, for one consumer process per name at a time."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from alerts.store.progress_store import Claims, StoreError
from fraudstream.runtime.private_files import make_private, open_private
from fraudstream.streams.positions import Position

LAYOUT: Final = 1
"""Version of the tables, stored in the file's ``user_version``; a file with another version is refused."""
BUSY_TIMEOUT_S: Final = 10.0
STORE_BUSY_TIMEOUT_MS: Final = 300
"""Shorter for a consumer: it tries again itself, and must see a stop meanwhile."""
TRANSIENT: Final = frozenset(
    {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_PROTOCOL"}
)
REMEDY: Final = "check that it is writable and its disk not full, or use another file"
LASTING: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
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


_ROWS: Final = {
    "SELECT * FROM starts WHERE consumer = ?": "starts VALUES (?, ?)",
    "SELECT * FROM positions WHERE consumer = ?": "positions VALUES (?, ?, ?, ?, ?)",
    "SELECT * FROM handled WHERE consumer = ?": "handled VALUES (?, ?, ?)",
    "SELECT * FROM redrives WHERE ? IS NOT NULL": "redrives VALUES (?, ?, ?, ?, ?, ?, ?)",
}
"""Queries of what one consumer moves to another file, with their destinations. Redrives belong to all."""


@contextmanager
def sqlite_errors_explained(path: Path) -> Iterator[None]:
    """Convert SQLite errors to a `StoreError` that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        name = _error_name(error)
        remedy = "move it away, or use another file" if name in LASTING else REMEDY
        msg = f"the store {path} can't be used: {error}; {remedy}"
        raise StoreError(msg, is_transient=name in TRANSIENT, is_lasting=name in LASTING) from error


def _error_name(error: Exception) -> str:
    """Return SQLite's name of an error, without the extension of `SQLITE_IOERR_WRITE` and such."""
    name: str = getattr(error, "sqlite_errorname", "")
    return "_".join(name.split("_")[:2])


def open_database(path: Path) -> sqlite3.Connection:
    """Open or create the file; raises `StoreError` if it is not a SQLite file or has another layout.

    It uses a write-ahead log that is synced only at its checkpoints. A killed process loses nothing; a power
    failure loses at most the last commits, after which alerts are delivered again and none is lost.
    """
    with sqlite_errors_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Dead letters have data of customers. SQLite gives its log the mode of the file.
        os.close(open_private(path, os.O_RDWR | os.O_CREAT))
        make_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout not in {0, LAYOUT}:
            msg = f"the store {path} has layout {layout}, this version supports {LAYOUT}; use another file"
            raise StoreError(msg, is_lasting=True)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_TABLES + f"PRAGMA user_version = {LAYOUT};")
    return connection


def _recreated(path: Path) -> sqlite3.Connection:
    """Open the file, or create it where it was deleted; consumers that share the file take turns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(open_private(f"{path}.lock", os.O_WRONLY | os.O_CREAT), "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not path.exists():
            for suffix in ("-wal", "-shm"):
                # Left by the deleted file. SQLite would take them for those of the new one.
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        return open_database(path)


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
        self._connection.execute(f"PRAGMA busy_timeout = {STORE_BUSY_TIMEOUT_MS}")
        self._inode = path.stat().st_ino
        self._lock_path = path.with_name(f"{path.name}.{consumer.replace('/', '.')}.lock")
        self._lock = self._acquire_lock()

    def _acquire_lock(self) -> IO[str]:
        with sqlite_errors_explained(self._path):
            lock = os.fdopen(open_private(self._lock_path, os.O_WRONLY | os.O_CREAT), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            msg = (
                f"a consumer named {self._consumer!r} already uses the store {self._path}: "
                "stop it, use another --name, or use a DynamoDB store for both"
            )
            raise StoreError(msg, is_lasting=True) from error
        lock.truncate()
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
        """Move positions forward; the lock excludes other writers. A deleted file is written again."""
        self._keep_file()
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
                done |= self._expiry_ms(alert_ids[first : first + MAX_VARIABLES]).keys()
        return Claims([each for each in alert_ids if each not in done], done, ())

    def _expiry_ms(self, alert_ids: Sequence[str]) -> dict[str, int]:
        marks = ",".join("?" * len(alert_ids))
        query = f"SELECT alert_id, expires_at_ms FROM handled WHERE consumer = ? AND alert_id IN ({marks})"  # noqa: S608 - placeholders only
        return dict(self._connection.execute(query, (self._consumer, *alert_ids)).fetchall())

    def handled_ms(self, alert_ids: Sequence[str]) -> dict[str, int]:
        """Return when each id was handled: its expiry minus the time to live, as that is now."""
        found: dict[str, int] = {}
        with sqlite_errors_explained(self._path):
            for first in range(0, len(alert_ids), MAX_VARIABLES):
                found |= self._expiry_ms(alert_ids[first : first + MAX_VARIABLES])
        return {alert_id: expiry_ms - self._keep_ids_ms for alert_id, expiry_ms in found.items()}

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

    def _keep_file(self) -> None:
        """Move to a new file if this one was deleted or replaced: it would vanish with this process.

        What this consumer knows is newer than what another file says about it.
        """
        with sqlite_errors_explained(self._path):
            if self._path.exists() and self._path.stat().st_ino == self._inode:
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # First: another consumer of this name may have begun with the new file.
            self._keep_lock()
            old, self._connection = self._connection, _recreated(self._path)
            self._connection.execute(f"PRAGMA busy_timeout = {STORE_BUSY_TIMEOUT_MS}")
            try:
                with self._transaction():
                    for query, values in _ROWS.items():
                        rows = old.execute(query, (self._consumer,))
                        self._connection.executemany(f"INSERT OR REPLACE INTO {values}", rows)
            except BaseException:
                self._connection.close()
                self._connection = old
                raise
            old.close()
            self._inode = self._path.stat().st_ino

    def _keep_lock(self) -> None:
        """Lock the new file if the locked one was deleted; raises `StoreError` if another consumer has it."""
        held = os.fstat(self._lock.fileno())
        # The system refuses a second lock on the same file to its holder, too.
        if self._lock_path.exists() and os.path.samestat(self._lock_path.stat(), held):
            return
        lock = self._acquire_lock()
        self._lock.close()
        self._lock = lock

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite has already rolled back after some errors, such as a full disk.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
