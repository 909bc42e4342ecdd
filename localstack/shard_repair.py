"""What moto's Kinesis gets wrong about shards that are split or merged, repaired.

In moto 5.2 a split shard goes on taking the records of its hash range, since the first shard whose range fits
takes them, open or not; a merge copies the records of both shards into the new one; the iterator of a closed
shard never ends; and the summary counts the shards that the stream was made with. In Kinesis a closed shard
keeps the records that it has and takes no more, a new one begins empty, and the last read of a closed
shard has no next iterator (Kinesis developer guide: "Data routing, data persistence, and shard state after a
reshard").

Everything here runs with one request at a time: `localstack.emulator` sees to that.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from moto.kinesis.exceptions import InvalidArgumentError
from moto.kinesis.models import KinesisBackend, Shard, Stream
from moto.kinesis.utils import decompose_shard_iterator

MAX_KEY_CHARACTERS: Final = 256
HASHES: Final = 2**128
"""Hash keys are 128 bits, as MD5 is (PutRecord API reference, which has the limit of keys too)."""

_split = Stream.split_shard
_merge = Stream.merge_shards
_get_records = KinesisBackend.get_records


def repair_shards() -> None:
    """Put what is repaired here in the place of moto's own, for this process."""
    Shard.get_max_sequence_number = newest_sequence_number
    Stream.get_shard_for_key = open_shard_for_key
    Stream.split_shard = split_shard
    Stream.merge_shards = merge_shards
    KinesisBackend.get_records = get_records


def newest_sequence_number(shard: Shard) -> int:
    """Return what moto's ``Shard.get_max_sequence_number`` does, 0 for a shard without records.

    moto's own lists every record of the shard to take the last, at each put: with 20,000 transactions a
    third of the emulator's time went there.
    """
    return next(reversed(shard.records), 0)


def open_shard_for_key(stream: Stream, partition_key: str, explicit_hash_key: str | None) -> Shard:
    """Return the open shard that takes a record, both ends of whose hash range belong to it."""
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
    """Close a shard and open two empty ones for its range."""
    with _records_left_in(stream, shard_to_split):
        _split(stream, shard_to_split, new_starting_hash_key)


def merge_shards(stream: Stream, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
    """Close two shards and open an empty one for their ranges."""
    with _records_left_in(stream, shard_to_merge, adjacent_shard_to_merge):
        _merge(stream, shard_to_merge, adjacent_shard_to_merge)


@contextmanager
def _records_left_in(stream: Stream, *shard_ids: str) -> Iterator[None]:
    """Hide the records of these shards while the block runs, so that it finds none to move."""
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
    """Return the next iterator, None where a closed shard ends, the records, and how many ms they lag."""
    following, records, behind_ms = _get_records(backend, stream_arn, shard_iterator, limit)
    stream_name, shard_id, reached = decompose_shard_iterator(following)
    stream = backend.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
    shard = stream.get_shard(shard_id)
    is_end = not shard.is_open and int(reached) >= newest_sequence_number(shard)
    return None if is_end else following, records, behind_ms
