"""Profile store in PostgreSQL: the tables of the SQLite store, in the schema ``fraudstream``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar, cast

from pg8000.exceptions import DatabaseError

from fraudstream.profiles.deadline_calls import DeadlineCalls
from fraudstream.profiles.postgres_session import BROKEN, PostgresSession, error_field
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import (
    EntityCount,
    OnCount,
    ProfileStoreError,
    delete_in_batches,
    encoded_id,
    ignore_count,
    newest_rows,
    write_batches,
)
from fraudstream.profiles.store_urls import StoreUrl
from fraudstream.runtime.bounded_calls import CallTimeoutError

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
        self._session = PostgresSession(url, timeout_s)
        self._calls: DeadlineCalls[Any] = DeadlineCalls(timeout_s, self._renew)

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        """Return the row of each key, in one round trip; see `ProfileStore.read`."""
        entities = [key.entity for key in keys]
        ids = [encoded_id(key).hex() for key in keys]

        rows: list[ProfileRow | None] = [None] * len(keys)
        for place, *columns in self._run(lambda session: session.prepared(READ, entities=entities, ids=ids)):
            rows[place - 1] = _row(keys[place - 1], columns)
        return rows

    def progress(self) -> list[ProfileProgress]:
        """Return the progress of every task; see `ProfileStore.progress`."""
        rows = self._run(
            lambda session: session.run(
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
            self._run(lambda session: session.run(WRITE, now=now_ms, **values), creates=True)  # noqa: B023 - runs before the next turn

    def report(self, progress: ProfileProgress) -> None:
        """Replace the progress of a task; see `ProfileStore.report`."""
        self._run(
            lambda session: session.run(
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
            lambda session: session.run(
                "SELECT entity, count(*), CAST(sum(octet_length(profile)) AS bigint) "
                "FROM fraudstream.profiles GROUP BY entity ORDER BY entity"
            )
        )
        counts = [EntityCount(*row) for row in rows]
        on_count(sum(each.rows for each in counts))
        return counts

    def expire(self, now_ms: int, on_count: OnCount = ignore_count) -> int:
        """Delete expired rows in batches; see `ProfileInventory.expire`."""

        def delete() -> int:
            return self._run(lambda session: session.changed(EXPIRE, now=now_ms, batch=EXPIRE_BATCH))

        return delete_in_batches(delete, EXPIRE_BATCH, on_count)

    def close(self) -> None:
        """Close the connection."""
        self._calls.close()
        self._session.disconnect()

    def _run(self, call: Callable[[PostgresSession], Answer], *, creates: bool = False) -> Answer:
        session = self._session
        with self._errors_explained():
            return cast("Answer", self._calls.run(lambda: session.attempt(call, creates=creates)))

    def _renew(self) -> None:
        """Leave the session to the call that missed its deadline: two threads must not share a connection."""
        self._session.abandon()
        self._session = PostgresSession(self._url, self._timeout_s)

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            reason = error_field(error, "M")
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
