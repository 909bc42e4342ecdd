"""Ingestion gateway: admits the records of a request, writes them, and remembers its answer."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from fraudstream.runtime.aws_clients import aws_client
from fraudstream.runtime.aws_errors import AwsCredentialsError
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.bounded_clients import bounded_client
from fraudstream.runtime.clock import Clock, wall_clock_ms
from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_settings import StreamSettings
from fraudstream.web.problem_details import Problem
from serving.gateway.gateway_metrics import BatcherMetrics, GatewayMetrics
from serving.gateway.gateway_results import RETRY_AFTER_S, IngestionAnswer, accepted, queue_full
from serving.gateway.gateway_settings import DYNAMODB, MEMORY, SQLITE, GatewaySettings
from serving.gateway.idempotency_dynamodb import DynamoIdempotency
from serving.gateway.idempotency_memory import MemoryIdempotency
from serving.gateway.idempotency_protocol import (
    KEY_HEADER,
    IdempotencyClaim,
    IdempotencyStore,
    IdempotencyStoreError,
    StoredAnswer,
)
from serving.gateway.idempotency_sqlite import SqliteIdempotency
from serving.gateway.record_admission import AdmissionRules, Admitted, RecordKind
from serving.gateway.record_batcher import PutOutcome, QueueFullError, RecordBatcher
from serving.gateway.submitted_bodies import BodyError, divided
from serving.serving_names import LOGGER

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

Answer = TypeVar("Answer")

MANY_ATTEMPTS: Final = 1_000
"""The deadline ends the attempts, not their number."""
IN_PROGRESS_RETRY_S: Final = 1
STORE_TIMEOUT_S: Final = 3.0
LEASE_MARGIN_S: Final = 30.0
BACKGROUND_LINGER_S: Final = 0.25
_MS: Final = timedelta(milliseconds=1)


class IngestionRequest(NamedTuple):
    """A request to put records onto a stream; ``caller`` owns its ``idempotency_key``, if it has one."""

    kind: RecordKind
    body: bytes
    media_type: str
    caller: str
    idempotency_key: str | None = None


class IngestionGateway:
    """The gateway of one event loop; it connects to AWS with the first record, not before.

    ``open_kinesis`` makes its client, as `kinesis_client` does.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        streams: StreamSettings,
        registry: MetricsRegistry,
        *,
        now_ms: Callable[[], int] = wall_clock_ms,
        open_kinesis: Callable[..., "KinesisClient"] = kinesis_client,
    ) -> None:
        self._settings = settings
        self._streams = streams
        self._now_ms = now_ms
        self._open_kinesis = open_kinesis
        self._stop = StopSignal()
        self._metrics = GatewayMetrics(registry)
        self._rules = AdmissionRules(
            max_record_bytes=streams.max_record_bytes,
            future_tolerance_ms=streams.future_tolerance // _MS,
            now_ms=now_ms,
        )
        self._batchers: dict[RecordKind, RecordBatcher] = {
            "transaction": self._request_batcher("transaction", streams.transactions_stream),
            "label": self._request_batcher("label", streams.labels_stream),
        }
        self._store: IdempotencyStore | None = None
        if settings.gateway_idempotency_store == MEMORY:
            self._store = MemoryIdempotency(settings.gateway_idempotency_keys)

    async def ingest(self, request: IngestionRequest) -> tuple[IngestionAnswer, bool]:
        """Return the answer to a request, and whether it is that of an earlier one with the same key.

        Raises a `Problem` unless at least one record, and every admitted one, was written.
        """
        if request.idempotency_key is None:
            return await self._answer(request), False
        claim = self._claim_of(request, request.idempotency_key)
        earlier = await self._claimed(claim)
        if earlier is not None:
            self._metrics.replays.inc()
            return IngestionAnswer(*earlier), True
        try:
            answer = await self._answer(request)
        except BaseException:
            await self._unless_unreachable(lambda store: store.release(claim))
            raise
        await self._unless_unreachable(lambda store: store.finish(claim, StoredAnswer(*answer)))
        return answer, False

    async def write_transactions(self, records: Sequence[Record]) -> list[PutOutcome]:
        """Write transactions that are admitted already; raises `QueueFullError` if there is no room."""
        return await self._batchers["transaction"].send(records)

    async def drain(self) -> None:
        """Write what was accepted, and wait for all calls in progress."""
        for batcher in self._batchers.values():
            await batcher.drain()

    async def close(self, patience_s: float) -> None:
        """Write what was accepted; after ``patience_s``, give up calls that still have no answer."""
        giving_up = asyncio.get_running_loop().call_later(patience_s, self._stop.set)
        for batcher in self._batchers.values():
            await batcher.close()
        giving_up.cancel()
        if self._store is not None:
            self._store.close()

    async def _answer(self, request: IngestionRequest) -> IngestionAnswer:
        try:
            records = divided(request.body, request.media_type)
        except BodyError as error:
            errors = [{"field": "body", "value": error.value, "remedy": str(error)}]
            raise Problem(422, f"body={error.value!r}: {error}", members={"errors": errors}) from None
        admissions = self._rules.admit(request.kind, records)
        admitted = [each.record for each in admissions if isinstance(each, Admitted)]
        outcomes = await self._sent(request.kind, admitted) if admitted else []
        self._metrics.results(request.kind, admissions, outcomes)
        return accepted(admissions, outcomes)

    async def _sent(self, kind: RecordKind, records: Sequence[Record]) -> list[PutOutcome]:
        try:
            return await self._batchers[kind].send(records)
        except QueueFullError:
            self._metrics.queue_refusals.labels(kind).inc()
            raise queue_full() from None

    def _claim_of(self, request: IngestionRequest, key: str) -> IdempotencyClaim:
        settings = self._settings
        # A request waits for its turn, and then for its last attempt.
        longest = 2 * settings.gateway_deadline + settings.gateway_attempt_timeout
        return IdempotencyClaim.of(
            request.caller,
            request.kind,
            key,
            request.body,
            now_ms=self._now_ms(),
            lease_ms=longest // _MS + round(LEASE_MARGIN_S * 1000),
            keep_ms=settings.gateway_idempotency_keep // _MS,
        )

    async def _claimed(self, claim: IdempotencyClaim) -> StoredAnswer | None:
        """Claim a key; returns the earlier answer, or None if the request is to be carried out."""
        try:
            found = await self._in_store(lambda store: store.claim(claim, self._now_ms()))
        except IdempotencyStoreError as error:
            LOGGER.error("idempotency store unreachable", error=str(error))
            detail = (
                f"the store of {KEY_HEADER}s can't be reached, and nothing was sent: try again in "
                f"{RETRY_AFTER_S} s, or send without the header; the job ignores what arrives twice"
            )
            raise Problem(503, detail, {"Retry-After": str(RETRY_AFTER_S)}) from error
        if found == "other-body":
            self._metrics.conflicts.labels(found).inc()
            raise Problem(409, f"this {KEY_HEADER} belongs to a request with another body: use a new one")
        if found == "in-progress":
            self._metrics.conflicts.labels(found).inc()
            detail = f"the first request with this {KEY_HEADER} is in progress: ask again in a second"
            raise Problem(409, detail, {"Retry-After": str(IN_PROGRESS_RETRY_S)})
        return found

    async def _unless_unreachable(self, call: Callable[[IdempotencyStore], object]) -> None:
        """Call the store; if it can't be reached, a repetition of the request is carried out again."""
        try:
            await self._in_store(call)
        except IdempotencyStoreError as error:
            self._metrics.unstored.inc()
            LOGGER.warning("idempotency store unreachable", error=str(error))

    async def _in_store(self, call: Callable[[IdempotencyStore], Answer]) -> Answer:
        if self._store is not None and not self._store.is_blocking:
            return call(self._store)
        return await asyncio.to_thread(self._with_store, call)

    def _with_store(self, call: Callable[[IdempotencyStore], Answer]) -> Answer:
        if self._store is None:
            self._store = self._opened_store()
        return call(self._store)

    def _opened_store(self) -> IdempotencyStore:
        name = self._settings.gateway_idempotency_store
        if name.startswith(SQLITE):
            path = Path(name.removeprefix(SQLITE))
            return SqliteIdempotency(path, self._settings.gateway_idempotency_keys)
        make: Callable[[], Any] = partial(
            aws_client, "dynamodb", self._streams, read_timeout_s=STORE_TIMEOUT_S
        )
        try:
            client = bounded_client(make, self._stop)
        except AwsCredentialsError as error:
            raise IdempotencyStoreError(str(error)) from error
        return DynamoIdempotency(client, name.removeprefix(DYNAMODB))

    def background_batcher(self, kind: str, stream_name: str, max_queued: int) -> RecordBatcher:
        """Return a batcher for records that no request waits for; ``kind`` is its name in metrics.

        It writes in few large calls. Whoever asked for it closes it.
        """
        return self._batcher(kind, stream_name, max_queued, BACKGROUND_LINGER_S, 1)

    def _request_batcher(self, kind: str, stream_name: str) -> RecordBatcher:
        settings = self._settings
        linger_s = settings.gateway_linger.total_seconds()
        queue, puts = settings.gateway_queue_records, settings.gateway_parallel_puts
        return self._batcher(kind, stream_name, queue, linger_s, puts)

    def _batcher(
        self, kind: str, stream_name: str, max_queued: int, linger_s: float, parallel_puts: int
    ) -> RecordBatcher:
        settings = self._settings
        return RecordBatcher(
            lambda: self._writer(stream_name),
            BatcherMetrics(self._metrics, kind),
            linger_s=linger_s,
            max_queued=max_queued,
            parallel_puts=parallel_puts,
            max_wait_s=settings.gateway_deadline.total_seconds(),
        )

    def _writer(self, stream_name: str) -> StreamWriter:
        attempt_s = self._settings.gateway_attempt_timeout.total_seconds()
        client = bounded_client(
            lambda: self._open_kinesis(self._streams, read_timeout_s=attempt_s),
            self._stop,
            deadlines_s={"put_records": attempt_s},
        )
        return StreamWriter(
            client,
            stream_name,
            clock=Clock(sleep=self._stop.wait),
            backoff=Backoff(cap_s=1.0),
            max_attempts=MANY_ATTEMPTS,
            patience_s=self._settings.gateway_deadline.total_seconds(),
        )
