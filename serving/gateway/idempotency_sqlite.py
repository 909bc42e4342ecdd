"""Idempotency store in a SQLite file, for the processes of one machine."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fraudstream.runtime.private_files import make_private, open_private
from serving.gateway.idempotency_protocol import (
    IdempotencyClaim,
    IdempotencyStoreError,
    KeptAnswer,
    StoredAnswer,
    Taken,
    packed,
    unpacked,
)

BUSY_TIMEOUT_S: Final = 5.0
LAYOUT: Final = 1
"""Version of the table, stored in the file's ``user_version``."""
_TABLE: Final = f"""
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, owner TEXT NOT NULL, lease_until_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, status INTEGER, body BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_expiry ON answers (expires_ms);
PRAGMA user_version = {LAYOUT};
"""


class SqliteIdempotency:
    """An `IdempotencyStore` in the file ``path``; beyond ``max_keys``, the oldest keys are dropped.

    Raises `IdempotencyStoreError` if the file can't be used.
    """

    is_blocking = True

    def __init__(self, path: Path, max_keys: int) -> None:
        self._path = path
        self._max_keys = max_keys
        self._turn = threading.Lock()
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(open_private(path, os.O_RDWR | os.O_CREAT))
            make_private(path)
            self._file = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            layout = self._file.execute("PRAGMA user_version").fetchone()[0]
            if layout not in {0, LAYOUT}:
                msg = f"the file {path} has layout {layout}, this version has {LAYOUT}: use another file"
                raise IdempotencyStoreError(msg)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(_TABLE)

    def claim(self, claim: IdempotencyClaim, now_ms: int) -> StoredAnswer | Taken | None:
        """Claim a key; see `IdempotencyStore.claim`."""
        with self._transaction() as file:
            row = file.execute(
                "SELECT fingerprint, owner, lease_until_ms, expires_ms, status, body FROM answers "
                "WHERE key = ?",
                (claim.key,),
            ).fetchone()
            outcome = None if row is None else _kept(row).outcome(claim, now_ms)
            if outcome is None:
                file.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, NULL, NULL)",
                    (claim.key, claim.fingerprint, claim.owner, claim.lease_until_ms, claim.expires_ms),
                )
                self._drop_old(file, now_ms)
        return outcome

    def finish(self, claim: IdempotencyClaim, answer: StoredAnswer) -> None:
        """Store the answer; see `IdempotencyStore.finish`."""
        with self._transaction() as file:
            file.execute(
                "UPDATE answers SET status = ?, body = ? WHERE key = ? AND owner = ?",
                (answer.status, packed(answer.body), claim.key, claim.owner),
            )

    def release(self, claim: IdempotencyClaim) -> None:
        """Give up a claim; see `IdempotencyStore.release`."""
        with self._transaction() as file:
            file.execute("DELETE FROM answers WHERE key = ? AND owner = ?", (claim.key, claim.owner))

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._file.close()

    def _drop_old(self, file: sqlite3.Connection, now_ms: int) -> None:
        file.execute("DELETE FROM answers WHERE expires_ms <= ?", (now_ms,))
        count = file.execute("SELECT count(*) FROM answers").fetchone()[0]
        if count > self._max_keys:
            file.execute(
                "DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY expires_ms LIMIT ?)",
                (count - self._max_keys,),
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, self._explained():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
                self._file.execute("COMMIT")
            except BaseException:
                self._file.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            msg = f"the idempotency store {self._path} can't be used ({error}): check that it is writable"
            raise IdempotencyStoreError(msg) from error


def _kept(row: tuple[str, str, int, int, int | None, bytes | None]) -> KeptAnswer:
    fingerprint, owner, lease_until_ms, expires_ms, status, body = row
    answer = None if status is None or body is None else StoredAnswer(status, unpacked(body))
    return KeptAnswer(fingerprint, owner, lease_until_ms, expires_ms, answer)
