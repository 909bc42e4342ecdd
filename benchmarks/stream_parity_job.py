"""The running job as a parity check sees it: transactions go in, scored records and dead letters come out."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import orjson

from benchmarks.parity_check import JobResult, ParityError
from benchmarks.parity_traffic import key_of
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import TransactionKey
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

PATIENCE_S: Final = 120.0
POLL_INTERVAL_MS: Final = 50
"""The emulator has no limit of reads per second."""


class StreamParityJob:
    """Sends through Kinesis and waits for the results; ``check`` raises if the job has ended."""

    def __init__(self, client: "KinesisClient", settings: StreamSettings, check: Callable[[], None]) -> None:
        self._writer = StreamWriter(client, settings.transactions_stream)
        self._scored = StreamReader(client, settings.scored_stream, poll_interval_ms=POLL_INTERVAL_MS)
        self._refused = StreamReader(client, settings.dead_letters_stream, poll_interval_ms=POLL_INTERVAL_MS)
        self._check = check

    def results(self, records: Sequence[bytes]) -> Mapping[TransactionKey, JobResult]:
        """Send the records, and return the result of each once all are there.

        A transaction is sent once in a call. Raises `ParityError` if a record can't be sent, or has no result
        within `PATIENCE_S`.
        """
        awaited = {key_of(record) for record in records}
        sent = self._writer.put([Record(record, key_of(record).account_id) for record in records])
        if sent.failures:
            msg = f"{len(sent.failures)} of {len(records)} records could not be sent"
            raise ParityError(msg)
        found: dict[TransactionKey, JobResult] = {}
        deadline_s = time.monotonic() + PATIENCE_S
        while missing := awaited - found.keys():
            self._check()
            if time.monotonic() > deadline_s:
                msg = f"the job has no result for {len(missing)} of {len(awaited)}, such as {missing.pop()}"
                raise ParityError(msg)
            found.update(self._arrived())
        return found

    def _arrived(self) -> Iterator[tuple[TransactionKey, JobResult]]:
        for record in self._scored.poll():
            scored = orjson.loads(record.data)
            yield (
                TransactionKey.of(scored),
                JobResult(
                    outcome=scored["outcome"],
                    ordinals=scored["ordinals"] or {},
                    features=scored["features"],
                    score=scored["score"],
                ),
            )
        for record in self._refused.poll():
            letter = DeadLetter.model_validate_json(record.data)
            yield key_of(letter.raw.encode()), JobResult(outcome=letter.reason)
