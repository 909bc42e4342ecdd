"""Patches for moto's Kinesis that correct the behaviour of shards: splits, merges, positions.

In moto 5.2, a split shard keeps accepting records of its hash range, because records go to the first shard
whose range matches, open or not; a merge copies the records of both shards into the new one; the iterator of
a closed shard never ends; and the summary counts the shards that the stream was created with. In Kinesis, a
closed shard keeps its records and accepts no more, a new shard starts empty, and the last read of a closed
shard has no next iterator (Kinesis developer guide: "Data routing, data persistence, and shard state after a
reshard").

moto also numbers the records of each shard from 1, and takes any number as a position: a reader of a stream
that was deleted and created again would skip as many records as it had read of the old one. In Kinesis a
sequence number belongs to its stream, and a position of another one is refused (API reference,
GetShardIterator). Java's AWS SDK 1 writes the time of a position in milliseconds; moto takes it for seconds.

`localstack.emulator` ensures that requests run one at a time.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any, Final

from moto.kinesis.exceptions import InvalidArgumentError
from moto.kinesis.models import KinesisBackend, Record, Shard, Stream
from moto.kinesis.utils import decompose_shard_iterator

MAX_KEY_CHARACTERS: Final = 256
HASHES: Final = 2**128
"""Number of hash keys, which are 128-bit MD5 hashes (PutRecord API reference, as is the limit of keys)."""

MAX_SECONDS: Final = 100_000_000_000
"""A larger time is in milliseconds; in seconds it would be after the year 5000."""
BY_NUMBER: Final = frozenset({"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"})

_split = Stream.split_shard
_merge = Stream.merge_shards
_get_records = KinesisBackend.get_records
_get_shard_iterator = KinesisBackend.get_shard_iterator
_number_at = Shard.get_sequence_number_at


def repair_shards(first_number: int | None = None) -> None:
    """Replace moto's functions with the corrected ones, for this process; see `put_record`."""
    Shard.get_max_sequence_number = newest_sequence_number
    Shard.get_sequence_number_at = sequence_number_at
    Shard.put_record = partialmethod(put_record, first_number=first_number)
    Stream.get_shard_for_key = open_shard_for_key
    Stream.split_shard = split_shard
    Stream.merge_shards = merge_shards
    KinesisBackend.get_records = get_records
    KinesisBackend.get_shard_iterator = get_shard_iterator


def newest_sequence_number(shard: Shard) -> int:
    """Return the same as moto's ``Shard.get_max_sequence_number``: 0 for a shard without records.

    moto's implementation lists all records of the shard at each put to find the last one, which took a third
    of the emulator's time with 20,000 transactions.
    """
    return next(reversed(shard.records), 0)


def put_record(
    shard: Shard, partition_key: str, data: str, explicit_hash_key: str, *, first_number: int | None = None
) -> str:
    """Append a record and return its sequence number, which no earlier stream of the same name has given.

    The first number of a shard is the time in nanoseconds, or ``first_number``.
    """
    number = newest_sequence_number(shard) + 1 if shard.records else first_number or time.time_ns()
    shard.records[number] = Record(partition_key, data, number, explicit_hash_key)
    return str(number)


def sequence_number_at(shard: Shard, at_timestamp: float) -> int:
    """Return the number of the last record before a time, given in seconds or, above 1e11, milliseconds."""
    is_in_seconds = at_timestamp < MAX_SECONDS
    number: int = _number_at(shard, at_timestamp if is_in_seconds else at_timestamp / 1_000)
    return number


def get_shard_iterator(  # noqa: PLR0913, PLR0917 - the signature is moto's
    backend: KinesisBackend,
    stream_arn: str | None,
    stream_name: str | None,
    shard_id: str,
    shard_iterator_type: str,
    starting_sequence_number: str | None,
    at_timestamp: Any,  # noqa: ANN401 - a number of the request
) -> str:
    """Return an iterator; raises ``InvalidArgumentError`` for a sequence number of another stream."""
    if shard_iterator_type in BY_NUMBER:
        stream = backend.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
        _check_number(stream, shard_id, starting_sequence_number)
    iterator: str = _get_shard_iterator(
        backend,
        stream_arn,
        stream_name,
        shard_id,
        shard_iterator_type,
        starting_sequence_number,
        at_timestamp,
    )
    return iterator


def _check_number(stream: Stream, shard_id: str, number: str | None) -> None:
    """Raise ``InvalidArgumentError`` unless the shard has given the number; 0 is that of an empty shard."""
    shard = stream.shards.get(shard_id)
    if shard is not None and int(number or 0) not in {0, *shard.records}:
        msg = (
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {shard_id} in stream "
            f"{stream.stream_name} under account {stream.account_id} is invalid because it did not come from "
            "this stream."
        )
        raise InvalidArgumentError(msg)


def open_shard_for_key(stream: Stream, partition_key: str, explicit_hash_key: str | None) -> Shard:
    """Return the open shard for a record; both ends of a shard's hash range are inclusive."""
    hash_key = _hash_key(partition_key, explicit_hash_key)
    return next(
        shard for shard in _open_shards(stream) if shard.starting_hash <= hash_key <= shard.ending_hash
    )


def _hash_key(partition_key: str, explicit_hash_key: str | None) -> int:
    if len(partition_key) > MAX_KEY_CHARACTERS:
        msg = f"PartitionKey has {len(partition_key)} characters; at most {MAX_KEY_CHARACTERS} are allowed"
        raise InvalidArgumentError(msg)
    if not explicit_hash_key:
        return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest())
    if int(explicit_hash_key) >= HASHES:
        msg = f"ExplicitHashKey is {explicit_hash_key}; it must be below 2**128"
        raise InvalidArgumentError(msg)
    return int(explicit_hash_key)


def split_shard(stream: Stream, shard_to_split: str, new_starting_hash_key: str) -> None:
    """Close a shard and open two empty ones for its hash range."""
    with _records_left_in(stream, shard_to_split):
        _split(stream, shard_to_split, new_starting_hash_key)


def merge_shards(stream: Stream, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
    """Close two shards and open an empty one for their hash ranges."""
    with _records_left_in(stream, shard_to_merge, adjacent_shard_to_merge):
        _merge(stream, shard_to_merge, adjacent_shard_to_merge)


@contextmanager
def _records_left_in(stream: Stream, *shard_ids: str) -> Iterator[None]:
    """Hide the records of the given shards while the block runs, so that moto moves none of them."""
    kept = {shard_id: stream.shards[shard_id].records for shard_id in shard_ids}
    for shard_id in kept:
        stream.shards[shard_id].records = OrderedDict()
    try:
        yield
    finally:
        for shard_id, records in kept.items():
            stream.shards[shard_id].records = records
        stream.shard_count = len(_open_shards(stream))


def _open_shards(stream: Stream) -> list[Shard]:
    return [shard for shard in stream.shards.values() if shard.is_open]


def get_records(
    backend: KinesisBackend, stream_arn: str | None, shard_iterator: str, limit: int | None
) -> tuple[str | None, list[Any], int]:
    """Return the next iterator (None at the end of a closed shard), the records, and their lag in ms."""
    following, records, behind_ms = _get_records(backend, stream_arn, shard_iterator, limit)
    stream_name, shard_id, reached = decompose_shard_iterator(following)
    stream = backend.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
    shard = stream.get_shard(shard_id)
    is_end = not shard.is_open and int(reached) >= newest_sequence_number(shard)
    return None if is_end else following, records, behind_ms
