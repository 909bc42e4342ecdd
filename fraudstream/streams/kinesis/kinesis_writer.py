"""Kinesis stream writer that accounts for each record: it is either written or reported as failed.

Guarantees:

- At-least-once delivery. A request whose response is lost is sent again, so its records may be in the stream
  twice; readers recognise them by their own id.
- Order. Records of a partition key keep their order from request to request: a request is completed,
  including retries, before the next one starts. Within one request, Kinesis may accept a later record of a
  key and refuse an earlier one (PutRecords API reference), which is then written after it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fraudstream.runtime.aws_errors import AWS_ERRORS, error_code, is_certain_refusal, is_transient
from fraudstream.runtime.backoff import Backoff
from fraudstream.runtime.clock import SYSTEM_CLOCK, Clock
from fraudstream.streams.kinesis.kinesis_errors import stream_error
from fraudstream.streams.protocols import FailedRecord, PutResult, Record

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

# Limits of one request, from the PutRecords API reference.
MAX_RECORDS: Final = 500
MAX_REQUEST_BYTES: Final = 5 * 1024 * 1024
MAX_RECORD_BYTES: Final = 1024 * 1024

TOO_LARGE: Final = "RecordTooLarge"
"""Error code of a record that was not sent because it exceeds the size limit of a record."""


class PlacedRecord(NamedTuple):
    """A record that Kinesis accepted: its position in the argument of `StreamWriter.put`, and its place."""

    position: int
    shard_id: str
    sequence_number: str


OnWritten = Callable[[PlacedRecord], object]


def _ignore(_written: PlacedRecord) -> None:
    """Take no note of a written record."""


class _Numbered(NamedTuple):
    position: int
    record: Record


class StreamWriter:
    """Writes to one stream with as few requests as the limits allow.

    ``max_attempts`` is the number of attempts for a chunk, including the first, before its remaining records
    are given up; with the default backoff the last attempt is made after about 20 seconds. ``patience_s``
    ends the attempts of a put earlier: no retry begins later than that after its start.
    """

    def __init__(  # noqa: PLR0913 - independent options
        self,
        client: "KinesisClient",
        stream_name: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
        backoff: Backoff | None = None,
        max_attempts: int = 10,
        patience_s: float = math.inf,
    ) -> None:
        self._client = client
        self._stream_name = stream_name
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._max_attempts = max_attempts
        self._patience_s = patience_s

    def put(self, records: Sequence[Record], on_written: OnWritten = _ignore) -> PutResult:
        """Write the records in order and report the outcome of each one.

        Throttling, service faults and lost connections are retried, then reported in the result. Errors that
        no retry fixes (no such stream, no permission) raise `StreamError`; the records of earlier requests
        are in the stream by then. Its ``may_be_written`` is True if a request had no answer. ``on_written``
        receives each accepted record as soon as its request is answered.
        """
        result = PutResult()
        last_s = self._clock.monotonic_s() + self._patience_s
        numbered = [_Numbered(position, record) for position, record in enumerate(records)]
        for item in numbered:
            if item.record.size_bytes > MAX_RECORD_BYTES:
                result.failures.append(_too_large(item))
        for chunk in _chunks(item for item in numbered if item.record.size_bytes <= MAX_RECORD_BYTES):
            self._put_chunk(chunk, result, last_s, on_written)
        return result

    def _put_chunk(
        self, chunk: list[_Numbered], result: PutResult, last_s: float, on_written: OnWritten
    ) -> None:
        failures = self._request(chunk, result, on_written)
        for retry in range(self._max_attempts - 1):
            if not failures:
                return
            wait_s = self._backoff.wait_s(retry)
            if self._clock.monotonic_s() + wait_s > last_s:
                break
            self._clock.sleep(wait_s)
            result.retries += 1
            again = [_Numbered(failed.position, failed.record) for failed in failures]
            failures = self._request(again, result, on_written)
        result.failures.extend(failures)

    def _request(
        self, chunk: list[_Numbered], result: PutResult, on_written: OnWritten
    ) -> list[FailedRecord]:
        """Send one request; count its written records in the result and return the failed ones, in order."""
        try:
            response = self._client.put_records(
                StreamName=self._stream_name,
                Records=[{"Data": r.data, "PartitionKey": r.partition_key} for _, r in chunk],
            )
        except AWS_ERRORS as error:
            result.unanswered += not is_certain_refusal(error)
            if not is_transient(error):
                raised = stream_error(error, self._stream_name)
                raised.may_be_written = result.unanswered > 0
                raise raised from error
            return [FailedRecord(*item, error_code(error), str(error)) for item in chunk]
        failures = []
        for item, answer in zip(chunk, response["Records"], strict=True):
            if answer.get("ErrorCode"):
                failures.append(FailedRecord(*item, answer["ErrorCode"], answer.get("ErrorMessage", "")))
            else:
                result.sent += 1
                result.shards[answer["ShardId"]] += 1
                on_written(PlacedRecord(item.position, answer["ShardId"], answer["SequenceNumber"]))
        return failures


def _chunks(items: Iterator[_Numbered]) -> Iterator[list[_Numbered]]:
    chunk: list[_Numbered] = []
    chunk_bytes = 0
    for item in items:
        size_bytes = item.record.size_bytes
        if len(chunk) == MAX_RECORDS or chunk_bytes + size_bytes > MAX_REQUEST_BYTES:
            yield chunk
            chunk, chunk_bytes = [], 0
        chunk.append(item)
        chunk_bytes += size_bytes
    if chunk:
        yield chunk


def _too_large(item: _Numbered) -> FailedRecord:
    size_bytes = item.record.size_bytes
    message = f"{size_bytes} bytes including its key; Kinesis accepts at most {MAX_RECORD_BYTES}"
    return FailedRecord(*item, TOO_LARGE, message)
