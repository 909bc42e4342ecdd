"""Independent record of a drill's load: each request to the transaction stream, and the stream's answer.

The sending process writes it, and the job has no part in it. Together with the contents of the stream it says
what was sent and in which order (`drills.arrivals`).
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import boto3
import orjson
from botocore.config import Config

from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.private_files import open_private
from fraudstream.streams.kinesis.kinesis_client import READ_TIMEOUT_S
from fraudstream.streams.stream_settings import StreamSettings

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsOutputTypeDef, PutRecordsRequestEntryTypeDef


class Place(NamedTuple):
    """The place of a record in a stream."""

    shard_id: str
    sequence_number: str


class JournalEntry(NamedTuple):
    """One record of one request, in the order of the file."""

    request: int
    """Number of the request, from 0; a request ends before the next one begins."""
    attempted_ms: int
    sha256: str
    partition_key: str
    place: Place | None
    """None if the stream refused the record or its answer was lost; see ``is_answered``."""
    is_answered: bool
    """Whether the answer to the request is known. If not, the record may be in the stream or not."""


def client_without_retries(settings: StreamSettings) -> "KinesisClient":
    """Return a client for the emulator that makes each request once: the journal has no hidden retries."""
    session: Any = boto3.Session(region_name=settings.aws_region)
    config = Config(retries={"total_max_attempts": 1}, read_timeout=READ_TIMEOUT_S, proxies={})
    client: KinesisClient = session.client("kinesis", endpoint_url=settings.endpoint_url, config=config)
    return client


class JournalingClient:
    """A Kinesis client whose PutRecords writes each request to ``path`` before it, and the answer after it.

    Each line is on disk before the call goes on, so the file is complete up to a crash.
    """

    def __init__(self, client: "KinesisClient", path: Path) -> None:
        self._client = client
        self._descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        self._requests = 0

    def put_records(
        self,
        *,
        StreamName: str,  # noqa: N803 - boto3's names
        Records: "Sequence[PutRecordsRequestEntryTypeDef]",  # noqa: N803
    ) -> "PutRecordsOutputTypeDef":
        """Send the request, as the client does, between its two lines."""
        request, self._requests = self._requests, self._requests + 1
        records = [(sha256_of(cast("bytes", each["Data"])), each["PartitionKey"]) for each in Records]
        self._write({"request": request, "attempted_ms": wall_clock_ms(), "records": records})
        answer = self._client.put_records(StreamName=StreamName, Records=Records)
        self._write({"request": request, "places": [_place(each) for each in answer["Records"]]})
        return answer

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write(self, line: dict[str, Any]) -> None:
        data = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of a record's bytes in hexadecimal digits, as a dead letter has it."""
    return hashlib.sha256(data).hexdigest()


def _place(answer: Any) -> tuple[str, str] | None:  # noqa: ANN401 - an entry of boto3's answer
    return None if answer.get("ErrorCode") else (answer["ShardId"], answer["SequenceNumber"])


@dataclass
class _Request:
    number: int
    attempted_ms: int
    records: Sequence[tuple[str, str]]
    places: Sequence[Sequence[str] | None] | None = None


def read_journal(path: Path) -> list[JournalEntry]:
    """Return the entries of a journal; a partial last line, left by a crash, is ignored."""
    requests: dict[int, _Request] = {}
    complete, _, _ = path.read_bytes().rpartition(b"\n")
    for line in map(orjson.loads, complete.splitlines()):
        if "records" in line:
            requests[line["request"]] = _Request(line["request"], line["attempted_ms"], line["records"])
        else:
            requests[line["request"]].places = line["places"]
    return [entry for request in requests.values() for entry in _entries(request)]


def _entries(request: _Request) -> Iterator[JournalEntry]:
    is_answered = request.places is not None
    places = request.places if request.places is not None else [None] * len(request.records)
    for (sha256, key), place in zip(request.records, places, strict=True):
        yield JournalEntry(
            request.number,
            request.attempted_ms,
            sha256,
            key,
            Place(*place) if place else None,
            is_answered=is_answered,
        )
