"""A connection to the PostgreSQL store: TLS, the layout's check, and renewal where it broke while idle."""

import socket
import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import pg8000.native
from pg8000.exceptions import DatabaseError, InterfaceError

from fraudstream.profiles.store_protocol import LAYOUT, ProfileStoreError, check_layout
from fraudstream.profiles.store_urls import StoreUrl
from fraudstream.runtime.loopback import is_loopback_host

if TYPE_CHECKING:
    from collections.abc import Callable

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
BROKEN: Final = (InterfaceError, OSError, KeyError, ValueError, struct.error)
"""What the driver raises for a lost connection, and for a peer that does not speak PostgreSQL's protocol."""

Answer = TypeVar("Answer")


class PostgresSession:
    """A connection, opened by the first call and again after it broke. Used by one thread at a time."""

    def __init__(self, url: StoreUrl, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._connection: pg8000.native.Connection | None = None
        self._statements: dict[str, pg8000.native.PreparedStatement] = {}
        self._is_abandoned = False

    def attempt(self, call: "Callable[[PostgresSession], Answer]", *, creates: bool) -> Answer:
        """Return the answer of ``call``, which uses this session; a connection that broke is renewed once.

        The tables are created if they are missing and ``creates`` is set. Raises the driver's exceptions, and
        `ProfileStoreError` for another layout.
        """
        was_idle = self._connection is not None
        try:
            return self._answer(call, creates=creates)
        except (*BROKEN, DatabaseError) as error:
            if isinstance(error, DatabaseError) and not _is_fatal(error):
                raise
            self.disconnect()
            if not was_idle or self._is_abandoned:
                raise
        finally:
            if self._is_abandoned:
                self.disconnect()
        return self._answer(call, creates=creates)

    def run(self, sql: str, **parameters: object) -> Any:  # noqa: ANN401 - rows of pg8000
        """Run a statement and return its rows."""
        return self._open().run(sql, **parameters)

    def changed(self, sql: str, **parameters: object) -> int:
        """Run a statement and return the number of rows that it has changed."""
        connection = self._open()
        connection.run(sql, **parameters)
        return cast("int", connection.row_count)

    def prepared(self, sql: str, **parameters: object) -> Any:  # noqa: ANN401 - rows of pg8000
        """Run a statement that the server parses and plans once for each connection; return its rows."""
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = self._open().prepare(sql)
        return statement.run(**parameters)

    def abandon(self) -> None:
        """Let the call in progress close the connection when it ends, as its socket's timeout makes it."""
        self._is_abandoned = True

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection, self._statements = self._connection, None, {}
        if connection is not None:
            with suppress(*BROKEN):
                connection.close()

    def _answer(self, call: "Callable[[PostgresSession], Answer]", *, creates: bool) -> Answer:
        if self._connection is None:
            connection = self._connect()
            try:
                self._check(connection, creates=creates)
            except BaseException:
                with suppress(*BROKEN):
                    connection.close()
                raise
            self._connection = connection
        return call(self)

    def _open(self) -> pg8000.native.Connection:
        if self._connection is None:
            msg = "the connection was closed"
            raise InterfaceError(msg)
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


def _has_tables(connection: pg8000.native.Connection) -> bool:
    found = connection.run("SELECT to_regclass('fraudstream.meta') IS NOT NULL")
    return bool(found and found[0][0])


def error_field(error: DatabaseError, name: str) -> str:
    """Return a field of PostgreSQL's error, such as M, the message; the whole one may quote values."""
    fields = error.args[0] if error.args else {}
    return str(fields.get(name, "")) if isinstance(fields, dict) else str(fields)


def _is_fatal(error: DatabaseError) -> bool:
    """Whether the server has closed the connection, as it does when it is shut down."""
    return error_field(error, "S") in {"FATAL", "PANIC"}


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
