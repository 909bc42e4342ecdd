"""Prometheus metrics of the ingestion gateway."""

from collections.abc import Sequence
from typing import Final

from fraudstream.runtime.metrics_registry import MetricsRegistry
from fraudstream.runtime.repeat_limit import RepeatLimit
from fraudstream.streams.protocols import PutResult
from serving.gateway.record_admission import Admission, RecordKind, RefusedSubmission
from serving.gateway.record_batcher import NotWritten, PutOutcome
from serving.serving_names import LOGGER

STREAM_ERRORS_PER_MINUTE: Final = 6
"""Log lines per kind of error; while a stream is unusable, each call fails."""


class GatewayMetrics:
    """Counters of records and idempotency keys, and the parts of each stream's batcher."""

    def __init__(self, registry: MetricsRegistry) -> None:
        self._records = registry.counter(
            "gateway_records_total", "Records received, by kind and result", ["kind", "result"]
        )
        self._in_doubt = registry.counter(
            "gateway_records_in_doubt_total",
            "Failed records that may be in the stream all the same",
            ["kind"],
        )
        self.queued = registry.gauge(
            "gateway_queued_records", "Records accepted for a stream and not confirmed by it", ["kind"]
        )
        self.put_seconds = registry.histogram(
            "gateway_put_records_seconds", "Time to write the records of one call, with retries", ["kind"]
        )
        self.put_retries = registry.counter(
            "gateway_put_retries_total",
            "PutRecords calls that repeated records which were throttled or not answered",
            ["kind"],
        )
        self.queue_refusals = registry.counter(
            "gateway_queue_full_total", "Requests refused because the queue was full", ["kind"]
        )
        self.replays = registry.counter(
            "gateway_idempotent_replays_total", "Requests answered with the answer to an earlier one"
        )
        self.conflicts = registry.counter(
            "gateway_idempotency_conflicts_total",
            "Requests refused because of their Idempotency-Key, by reason",
            ["reason"],
        )
        self.unstored = registry.counter(
            "gateway_idempotency_unstored_total", "Answers that the idempotency store could not take"
        )

    def results(
        self, kind: RecordKind, admissions: Sequence[Admission], outcomes: Sequence[PutOutcome]
    ) -> None:
        """Count the records of a request by result."""
        refused = sum(isinstance(each, RefusedSubmission) for each in admissions)
        failed = [each for each in outcomes if isinstance(each, NotWritten)]
        counts = {"refused": refused, "failed": len(failed), "accepted": len(outcomes) - len(failed)}
        for result, count in counts.items():
            if count:
                self._records.labels(kind, result).inc(count)
        if failed:
            self._in_doubt.labels(kind).inc(sum(each.is_in_doubt for each in failed))


class BatcherMetrics:
    """The `BatcherEvents` of one stream."""

    def __init__(self, metrics: GatewayMetrics, kind: str) -> None:
        self._kind = kind
        self._queued = metrics.queued.labels(kind)
        self._put_seconds = metrics.put_seconds.labels(kind)
        self._put_retries = metrics.put_retries.labels(kind)
        self._lines = RepeatLimit(STREAM_ERRORS_PER_MINUTE)

    def queued(self, records: int) -> None:
        """Set the number of records that wait or are being written."""
        self._queued.set(records)

    def put_done(self, seconds: float, result: PutResult | None) -> None:
        """Count a put and its retries."""
        self._put_seconds.observe(seconds)
        if result is not None and result.retries:
            self._put_retries.inc(result.retries)

    def failed(self, error: Exception) -> None:
        """Log the error that a put raised, with its remedy."""
        if self._lines.left_out(type(error).__name__) is not None:
            LOGGER.error("records can't be written", kind=self._kind, error=str(error))
