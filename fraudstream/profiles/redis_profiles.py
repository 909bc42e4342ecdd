"""Profile store in Redis: a hash for each profile, which Redis deletes when it expires."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from fraudstream.profiles.deadline_calls import DeadlineCalls
from fraudstream.profiles.profile_rows import ProfileKey, ProfileProgress, ProfileRow
from fraudstream.profiles.store_protocol import (
    LAYOUT,
    EntityCount,
    OnCount,
    ProfileStoreError,
    check_layout,
    encoded_id,
    ignore_count,
    write_batches,
)
from fraudstream.profiles.store_urls import StoreUrl
from fraudstream.runtime.bounded_calls import CallTimeoutError

PROFILE: Final = b"fraudstream:profile:"
PROGRESS: Final = "fraudstream:progress"
META: Final = "fraudstream:meta"
REPLACE: Final = Path(__file__).with_name("replace_profiles.lua").read_text(encoding="utf-8")
FIELDS: Final = ("e", "o", "u", "x", "p")
SCAN_COUNT: Final = 1_000

Answer = TypeVar("Answer")


class RedisProfiles:
    """A `ProfileStore` in a Redis server, not in a Redis cluster: one call uses keys of every slot.

    ``timeout_s`` is the deadline of each call in total. A broken connection is renewed at the next call, and
    at once if it broke while it was idle.
    """

    def __init__(self, url: StoreUrl, *, timeout_s: float) -> None:
        self._url = url
        self._client = redis.Redis(
            host=url.host,
            port=url.port,
            db=int(url.path),
            username=url.user,
            password=None if url.password is None else url.password.get_secret_value(),
            ssl=url.scheme == "rediss",
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            protocol=2,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        self._calls: DeadlineCalls[Any] = DeadlineCalls(timeout_s, self._client.connection_pool.disconnect)

    def read(self, keys: Sequence[ProfileKey]) -> list[ProfileRow | None]:
        """Return the row of each key, in one round trip; see `ProfileStore.read`."""
        names = [_name(key) for key in keys]

        def call() -> list[Any]:
            with self._client.pipeline(transaction=False) as pipeline:
                pipeline.hget(META, "layout")
                for name in names:
                    pipeline.hmget(name, FIELDS)
                return pipeline.execute()

        layout, *found = self._run(call)
        self._check(layout)
        return [None if row[0] is None else _row(key, row) for key, row in zip(keys, found, strict=True)]

    def progress(self) -> list[ProfileProgress]:
        """Return the progress of every task; see `ProfileStore.progress`."""

        def call() -> list[Any]:
            with self._client.pipeline(transaction=False) as pipeline:
                pipeline.hget(META, "layout")
                pipeline.hgetall(PROGRESS)
                return pipeline.execute()

        layout, found = self._run(call)
        self._check(layout)
        return [_progress(name.decode(), value) for name, value in sorted(found.items())]

    def write(self, rows: Sequence[ProfileRow], now_ms: int) -> None:
        """Write rows, each batch by one script that Redis runs as a whole; see `ProfileStore.write`."""
        self._prepare()
        for batch in write_batches(rows):
            names = [_name(row.key) for row in batch]
            values = [
                value
                for row in batch
                for value in (row.epoch_ms, row.ordinal, row.updated_ms, row.expires_ms, row.profile)
            ]
            self._run(lambda: self._client.eval(REPLACE, len(names), *names, now_ms, *values))  # noqa: B023 - runs before the next turn

    def report(self, progress: ProfileProgress) -> None:
        """Replace the progress of a task; see `ProfileStore.report`."""
        self._prepare()
        value = f"{progress.tasks} {progress.epoch_ms} {progress.written_until_ms}"
        self._run(lambda: self._client.hset(PROGRESS, f"{progress.entity}:{progress.task}", value))

    def counts(self, on_count: OnCount = ignore_count) -> list[EntityCount]:
        """Scan all keys of the database for the size of each entity; see `ProfileInventory.counts`."""
        rows: Counter[str] = Counter()
        size: Counter[str] = Counter()
        cursor = 0
        while True:
            cursor, names, sizes = self._run(lambda: self._scan(cursor))  # noqa: B023 - runs before the next turn
            for name, bytes_ in zip(names, sizes, strict=True):
                entity = name.removeprefix(PROFILE).partition(b":")[0].decode()
                # SCAN may return a key again, which is rare and only while the table of keys grows.
                rows[entity] += 1
                size[entity] += bytes_
            on_count(rows.total())
            if cursor == 0:
                return [EntityCount(entity, rows[entity], size[entity]) for entity in sorted(rows)]

    def expire(self, now_ms: int, on_count: OnCount = ignore_count) -> int:
        """Return 0: Redis deletes expired rows itself."""
        del now_ms
        on_count(0)
        return 0

    def close(self) -> None:
        """Close the connection."""
        self._calls.close()
        self._client.close()

    def _scan(self, cursor: int) -> tuple[int, list[bytes], list[int]]:
        following, names = cast(
            "tuple[int, list[bytes]]", self._client.scan(cursor, match=PROFILE + b"*", count=SCAN_COUNT)
        )
        with self._client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hstrlen(name, "p")
            return following, names, cast("list[int]", pipeline.execute())

    def _prepare(self) -> None:
        """Give an empty database its layout, and refuse another layout before anything is written."""

        def call() -> bytes:
            self._client.hsetnx(META, "layout", LAYOUT)
            return cast("bytes", self._client.hget(META, "layout"))

        self._check(self._run(call))

    def _check(self, layout: bytes | None) -> None:
        if layout is not None:
            check_layout(layout.decode(errors="replace"), str(self._url))

    def _run(self, call: Callable[[], Answer]) -> Answer:
        with self._errors_explained():
            return cast("Answer", self._calls.run(call))

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, CallTimeoutError, OSError) as error:
            remedy = (
                "check the user and the password in profile_store"
                if isinstance(error, AuthenticationError)
                else "check that Redis runs there and accepts this client"
            )
            msg = f"the profile store {self._url} can't be used: {error}; {remedy}"
            raise ProfileStoreError(msg) from error


def _name(key: ProfileKey) -> bytes:
    return b"%b%b:%b" % (PROFILE, key.entity.encode(), encoded_id(key))


def _row(key: ProfileKey, fields: Sequence[bytes]) -> ProfileRow:
    return ProfileRow(
        key=key,
        epoch_ms=int(fields[0]),
        ordinal=int(fields[1]),
        updated_ms=int(fields[2]),
        expires_ms=int(fields[3]),
        profile=fields[4],
    )


def _progress(name: str, value: bytes) -> ProfileProgress:
    entity, _, task = name.rpartition(":")
    tasks, epoch_ms, until_ms = map(int, value.split())
    return ProfileProgress(
        entity=entity, task=int(task), tasks=tasks, epoch_ms=epoch_ms, written_until_ms=until_ms
    )
