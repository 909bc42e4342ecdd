"""Decision service: what the routes of the decision API share."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from fraudstream.domain.catalogue import Catalogue, CatalogueError, built_in_catalogue
from fraudstream.domain.record_gate import RefusedRecordError
from fraudstream.online.answer_formats import decision_answer
from fraudstream.online.circuit_breaker import CircuitBreaker
from fraudstream.online.customer_lookup import CustomerMetadata, customer_metadata
from fraudstream.online.decision_engine import DecisionEngine
from fraudstream.online.online_decision import OnlineDecision
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.online.profile_reading import ProfileReader
from fraudstream.online.submitted_transactions import SubmittedRecord
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.runtime.clock import monotonic_ms, wall_clock_ms
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_settings import OFF, StreamSettings
from serving.decisions.decision_metrics import DecisionMetrics
from serving.decisions.decision_pool import DecisionPool, DecisionRequest
from serving.decisions.decision_settings import DecisionSettings
from serving.decisions.decision_stream import DecisionStream
from serving.gateway.ingestion_gateway import IngestionGateway
from serving.gateway.record_batcher import PutOutcome

WARM_UP: Final = (
    b'{"transaction_id": "warm-up", "event_time": "2026-01-01T00:00:00Z", "account_id": "warm-up", '
    b'"transaction_amount_vnd": 1}'
)
_MS: Final = timedelta(milliseconds=1)


class Decided(NamedTuple):
    """A submitted record with its decision, or with the error with which the job refuses it."""

    submitted: SubmittedRecord
    result: OnlineDecision | RefusedRecordError


class DecisionService:
    """Decides, counts, and passes decisions on to their stream.

    Raises `SettingsError` if the model or the catalogue can't be used.
    """

    def __init__(
        self,
        settings: DecisionSettings,
        streams: StreamSettings,
        metrics: DecisionMetrics,
        gateway: IngestionGateway,
        *,
        now_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.settings = settings
        self.now_ms = now_ms
        self._streams = streams
        self._metrics = metrics
        self._gateway = gateway
        self._catalogue, self._decider = _loaded(settings)
        self._customers: list[CustomerMetadata] = []
        self._pool = DecisionPool(
            self._engine,
            metrics,
            threads=settings.decision_threads,
            max_waiting=settings.decision_queue,
            deadline_s=settings.decision_deadline.total_seconds(),
            warm_up=WARM_UP,
        )
        self._stream = None
        if streams.decisions_stream != OFF:
            batcher = gateway.background_batcher(
                "decision", streams.decisions_stream, settings.decisions_queue_records
            )
            self._stream = DecisionStream(batcher, metrics)

    def why_not_ready(self) -> str | None:
        """Return why no request should come here: decisions need profiles, and no thread can read them."""
        needs_profiles = self.settings.profile_store is not None and self.settings.degraded == "refuse"
        if needs_profiles and not self._pool.has_profiles:
            return "the store of profiles can't be read, and the settings refuse decisions without it"
        return None

    async def open(self) -> None:
        """Start the threads with their engines; raises `CoreError` if the kernel can't be used."""
        self._decider.warm_up()
        await self._pool.open()

    async def decide(
        self, submitted: Sequence[SubmittedRecord], *, with_reasons: bool = True, with_features: bool = False
    ) -> list[Decided]:
        """Return a decision on each record, or its refusal; raises a `Problem` if there can be none now."""
        records = [each.data for each in submitted]
        results = await self._pool.decide(DecisionRequest(records, with_reasons, with_features))
        self._metrics.breakers(self._pool.open_breakers)
        for result in results:
            if isinstance(result, RefusedRecordError):
                self._metrics.invalid.labels(result.reason).inc()
            else:
                self._metrics.decided(result)
        return [Decided(*each) for each in zip(submitted, results, strict=True)]

    def publish(self, decided: Sequence[Decided], caller: str) -> None:
        """Send the decisions to their stream, if there is one, without waiting for it."""
        if self._stream is not None:
            answers: list[dict[str, Any]] = [
                decision_answer(each.result, each.submitted.generated)
                for each in decided
                if isinstance(each.result, OnlineDecision)
            ]
            if answers:
                self._stream.offer(answers, caller)

    async def record(self, decided: Sequence[Decided]) -> list[PutOutcome]:
        """Put the transactions that have a decision onto the stream; raises `QueueFullError`."""
        return await self._gateway.write_transactions([
            Record(each.submitted.data, each.result.transaction.account_id)
            for each in decided
            if isinstance(each.result, OnlineDecision)
        ])  # fmt: skip

    async def close(self) -> None:
        """Let the threads end their work, and send the decisions that wait for their stream."""
        await self._pool.close()
        for customers in self._customers:
            customers.close()
        if self._stream is not None:
            await self._stream.close()

    def _opened_customers(self) -> CustomerMetadata:
        """Open the customers' metadata, which the kernels of a process share."""
        customers = customer_metadata(self.settings, self._streams)
        self._customers.append(customers)
        return customers

    def _engine(self) -> DecisionEngine:
        settings = self.settings
        kernel = OnlineKernel(
            self._catalogue,
            KernelLimits(
                max_record_bytes=self._streams.max_record_bytes,
                future_tolerance_ms=self._streams.future_tolerance // _MS,
                allowed_lateness_ms=self._streams.allowed_lateness // _MS,
                retention_tolerance_ms=self._streams.future_tolerance // _MS,
            ),
            None if settings.hash_key is None else settings.hash_key.get_secret_value(),
            self._opened_customers(),
        )
        url = settings.profile_store
        store = None if url is None else profile_store(url, timeout_s=settings.profile_timeout_seconds)
        reader = ProfileReader(store, self.now_ms, CircuitBreaker(monotonic_ms))
        return DecisionEngine(kernel, reader, self._decider, settings.policy, self.now_ms)


def _catalogue(settings: DecisionSettings) -> Catalogue:
    if settings.catalogue is None:
        return built_in_catalogue(has_labels=False, has_metadata=settings.customer_metadata is not None)
    catalogue = Catalogue.load(settings.catalogue)
    settings.check_catalogue(catalogue, str(settings.catalogue))
    return catalogue


def _loaded(settings: DecisionSettings) -> tuple[Catalogue, Decider]:
    try:
        catalogue = _catalogue(settings)
        scorer = Scorer.load(settings.model, catalogue)
        if settings.profile_store is not None:
            profile_store(settings.profile_store).close()
    except (CatalogueError, ModelError, ProfileStoreError) as error:
        raise SettingsError(str(error)) from error
    return catalogue, Decider(scorer, catalogue, settings.decision_threshold)
