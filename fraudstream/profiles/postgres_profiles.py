"""Profile store in PostgreSQL: the tables of the SQLite store, in the schema ``fraudstream``."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar, cast

import pg8000.native
from pg8000.exceptions import DatabaseError, InterfaceError

from fraudstream.profiles.deadline_calls import DeadlineCalls
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import (
    LAYOUT,
    EntityCount,
    OnCount,
    ProfileStoreError,
    check_layout,
    delete_in_batches,
    encoded_id,
    ignore_count,
    newest_rows,
    write_batches,
)
from fraudstream.profiles.store_urls import StoreUrl
from fraudstream.runtime.bounded_calls import CallTimeoutError
from fraudstream.runtime.loopback import is_loopback_host

TABLES: Final = """
SELECT pg_advisory_xact_lock(hashtext('fraudstream.profiles'));
CREATE SCHEMA IF NOT EXISTS fraudstream;
CREATE TABLE IF NOT EXISTS fraudstream.profiles (
  entity TEXT, id BYTEA, epoch_ms BIGINT NOT NULL, ordinal BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL, profile BYTEA NOT NULL, PRIMARY KEY (entity, id));
CREATE TABLE IF NOT EXISTS fraudstream.progress (
  entity TEXT, task INTEGER, tasks INTEGER NOT NULL, epoch_ms BIGINT NOT NULL,
  written_until_ms BIGINT NOT NULL, PRIMARY KEY (entity, task));
CREATE TABLE IF NOT EXISTS fraudstream.meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO fraudstream.meta VALUES ('layout', '{layout}') ON CONFLICT DO NOTHING;
"""
"""One implicit transaction, so that no table is seen without its layout; the lock keeps two writers from
creating the same table."""
READ: Final = """
SELECT wanted.place, epoch_ms, ordinal, updated_ms, expires_ms, profile
FROM unnest(CAST(:entities AS text[]), CAST(:ids AS text[])) WITH ORDINALITY AS wanted(entity, id, place)
JOIN fraudstream.profiles AS stored ON stored.entity = wanted.entity AND stored.id = decode(wanted.id, 'hex')
"""
WRITE: Final = """
INSERT INTO fraudstream.profiles AS stored
SELECT entity, decode(id, 'hex'), epoch_ms, ordinal, updated_ms, expires_ms, decode(profile, 'hex')
FROM unnest(CAST(:entities AS text[]), CAST(:ids AS text[]), CAST(:epochs AS bigint[]),
  CAST(:ordinals AS bigint[]), CAST(:updates AS bigint[]), CAST(:expiries AS bigint[]),
  CAST(:profiles AS text[]))
  AS new(entity, id, epoch_ms, ordinal, updated_ms, expires_ms, profile)
ON CONFLICT (entity, id) DO UPDATE SET
  epoch_ms = excluded.epoch_ms, ordinal = excluded.ordinal, updated_ms = excluded.updated_ms,
  expires_ms = excluded.expires_ms, profile = excluded.profile
WHERE excluded.epoch_ms > stored.epoch_ms
  OR (excluded.epoch_ms = stored.epoch_ms AND excluded.ordinal >= stored.ordinal)
  OR stored.expires_ms <= CAST(:now AS bigint)
"""
REPORT: Final = """
INSERT INTO fraudstream.progress VALUES (:entity, :task, :tasks, :epoch, :until)
ON CONFLICT (entity, task) DO UPDATE SET
  tasks = excluded.tasks, epoch_ms = excluded.epoch_ms, written_until_ms = excluded.written_until_ms
"""
EXPIRE: Final = """
DELETE FROM fraudstream.profiles WHERE expires_ms <= CAST(:now AS bigint) AND ctid IN
  (SELECT ctid FROM fraudstream.profiles WHERE expires_ms <= CAST(:now AS bigint)
   LIMIT CAST(:batch AS bigint))
"""
EXPIRE_BATCH: Final = 10_000
BROKEN: Final = (InterfaceError, OSError)

Answer = TypeVar("Answer")


class PostgresProfiles:
    """A `ProfileStore` in a PostgreSQL database; the first write creates the tables.

    ``timeout_s`` is the deadline of each call in total. A connection that broke while it was idle is renewed
    at once. Beyond this machine the connection has TLS and a verified certificate, unless the URL says
    otherwise (``sslmode``).
    """

    def __init__(self, url: StoreUrl, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._connection: pg8000.native.Connection | None = None
        self._reading: pg8000.native.PreparedStatement | None = None
        self._calls: DeadlineCalls[Any] = DeadlineCalls(timeout_s, self._forget)

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        """Return the row of each key, in one round trip; see `ProfileStore.read`."""
        entities = [key.entity for key in keys]
        ids = [encoded_id(key).hex() for key in keys]

        def call(connection: pg8000.native.Connection) -> Any:  # noqa: ANN401 - rows of pg8000
            if self._reading is None:
                self._reading = connection.prepare(READ)
            return self._reading.run(entities=entities, ids=ids)

        rows: list[ProfileRow | None] = [None] * len(keys)
        for place, *columns in self._run(call):
            rows[place - 1] = _row(keys[place - 1], columns)
        return rows

    def progress(self) -> list[ProfileProgress]:
        """Return the progress of every task; see `ProfileStore.progress`."""
        rows = self._run(
            lambda connection: connection.run(
                "SELECT entity, task, tasks, epoch_ms, written_until_ms FROM fraudstream.progress "
                "ORDER BY entity, task"
            )
        )
        return [
            ProfileProgress(
                entity=entity, task=task, tasks=tasks, epoch_ms=epoch_ms, written_until_ms=until_ms
            )
            for entity, task, tasks, epoch_ms, until_ms in rows
        ]

    def write(self, rows: Sequence[ProfileRow], now_ms: int) -> None:
        """Write rows, each batch by one statement; see `ProfileStore.write`."""
        for batch in write_batches(rows):
            # A statement may change a row once only. In one order, or two writers could wait for each other.
            new = sorted(newest_rows(batch, now_ms), key=lambda row: row.key)
            values = {
                "entities": [row.key.entity for row in new],
                "ids": [encoded_id(row.key).hex() for row in new],
                "epochs": [row.epoch_ms for row in new],
                "ordinals": [row.ordinal for row in new],
                "updates": [row.updated_ms for row in new],
                "expiries": [row.expires_ms for row in new],
                "profiles": [row.profile.hex() for row in new],
            }
            self._run(lambda connection: connection.run(WRITE, now=now_ms, **values), creates=True)  # noqa: B023 - runs before the next turn

    def report(self, progress: ProfileProgress) -> None:
        """Replace the progress of a task; see `ProfileStore.report`."""
        self._run(
            lambda connection: connection.run(
                REPORT,
                entity=progress.entity,
                task=progress.task,
                tasks=progress.tasks,
                epoch=progress.epoch_ms,
                until=progress.written_until_ms,
            ),
            creates=True,
        )

    def counts(self, on_count: OnCount = ignore_count) -> list[EntityCount]:
        """Return the size of each entity, by a scan of the table; see `ProfileInventory.counts`."""
        rows = self._run(
            lambda connection: connection.run(
                "SELECT entity, count(*), CAST(sum(octet_length(profile)) AS bigint) "
                "FROM fraudstream.profiles GROUP BY entity ORDER BY entity"
            )
        )
        counts = [EntityCount(*row) for row in rows]
        on_count(sum(each.rows for each in counts))
        return counts

    def expire(self, now_ms: int, on_count: OnCount = ignore_count) -> int:
        """Delete expired rows in batches; see `ProfileInventory.expire`."""

        def call(connection: pg8000.native.Connection) -> int:
            connection.run(EXPIRE, now=now_ms, batch=EXPIRE_BATCH)
            return cast("int", connection.row_count)

        return delete_in_batches(lambda: self._run(call), EXPIRE_BATCH, on_count)

    def close(self) -> None:
        """Close the connection."""
        self._calls.close()
        self._disconnect()

    def _run(self, call: Callable[[pg8000.native.Connection], Answer], *, creates: bool = False) -> Answer:
        with self._errors_explained():
            return cast("Answer", self._calls.run(lambda: self._attempt(call, creates=creates)))

    def _attempt(self, call: Callable[[pg8000.native.Connection], Answer], *, creates: bool) -> Answer:
        was_idle = self._connection is not None
        try:
            return call(self._connected(creates=creates))
        except (*BROKEN, DatabaseError) as error:
            if isinstance(error, DatabaseError) and not _is_fatal(error):
                raise
            self._disconnect()
            if not was_idle:
                raise
        return call(self._connected(creates=creates))

    def _connected(self, *, creates: bool) -> pg8000.native.Connection:
        if self._connection is None:
            connection = self._connect()
            try:
                self._check(connection, creates=creates)
            except BaseException:
                connection.close()
                raise
            self._connection, self._reading = connection, None
        return self._connection

    def _connect(self) -> pg8000.native.Connection:
        password = self._url.password
        address = (self._url.host, self._url.port)
        # pg8000 leaves its own socket open if TLS can't be agreed on.
        opened = socket.create_connection(address, self._timeout_s)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return pg8000.native.Connection(
                self._url.user,
                host=self._url.host,
                database=self._url.path,
                password=None if password is None else password.get_secret_value(),
                sock=opened,
                application_name="fraudstream",
                ssl_context=_ssl_context(self._url),
            )
        except BaseException:
            opened.close()
            raise

    def _check(self, connection: pg8000.native.Connection, *, creates: bool) -> None:
        """Check the layout; the tables are created for a writer only, which alone may have the right to."""
        if not _has_tables(connection):
            if not creates:
                msg = (
                    f"the profile store {self._url} has no tables: start the job with this profile_store, "
                    "and let this user read the schema fraudstream"
                )
                raise ProfileStoreError(msg)
            connection.run(TABLES.format(layout=LAYOUT))
        rows = connection.run("SELECT value FROM fraudstream.meta WHERE name = 'layout'")
        check_layout(str(rows[0][0]) if rows else "", str(self._url))

    def _disconnect(self) -> None:
        connection, self._connection, self._reading = self._connection, None, None
        if connection is not None:
            with suppress(*BROKEN):
                connection.close()

    def _forget(self) -> None:
        """Leave the connection to the call that missed its deadline, whose read of the socket ends soon."""
        self._connection, self._reading = None, None

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            reason = _field(error, "M")
            msg = (
                f"the profile store {self._url} can't be used: {reason}; check the user, the password and "
                "the grants (docs/profiles.md)"
            )
            raise ProfileStoreError(msg) from error
        except (*BROKEN, CallTimeoutError) as error:
            msg = (
                f"the profile store {self._url} can't be used: {error.__cause__ or error}; check that "
                "PostgreSQL runs there and accepts this client, with TLS if it is not on this machine"
            )
            raise ProfileStoreError(msg) from error


def _has_tables(connection: pg8000.native.Connection) -> bool:
    found = connection.run("SELECT to_regclass('fraudstream.meta') IS NOT NULL")
    return bool(found and found[0][0])


def _field(error: DatabaseError, name: str) -> str:
    """Return a field of PostgreSQL's error, such as M, the message; the whole one may quote values."""
    fields = error.args[0] if error.args else {}
    return str(fields.get(name, "")) if isinstance(fields, dict) else str(fields)


def _is_fatal(error: DatabaseError) -> bool:
    """Whether the server has closed the connection, as it does when it is shut down."""
    return _field(error, "S") in {"FATAL", "PANIC"}


def _ssl_context(url: StoreUrl) -> ssl.SSLContext | bool:
    """Return the TLS of a connection, or False for none."""
    default = "disable" if is_loopback_host(url.host) else "verify-full"
    mode = url.parameters.get("sslmode", default)
    if mode == "disable":
        return False
    context = ssl.create_default_context(cafile=url.parameters.get("sslrootcert"))
    if mode == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _row(key: ProfileKey, columns: Sequence[Any]) -> ProfileRow:
    epoch_ms, ordinal, updated_ms, expires_ms, profile = columns
    return ProfileRow(
        key=key,
        epoch_ms=epoch_ms,
        ordinal=ordinal,
        updated_ms=updated_ms,
        expires_ms=expires_ms,
        profile=profile,
    )
