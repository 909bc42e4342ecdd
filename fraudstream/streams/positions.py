"""Positions of a reader in a stream, which callers store to resume there later."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Position in one shard: after the record ``sequence_number``, or the start of reading if that is None.

    ``reached_ms`` (epoch milliseconds): all records that arrived in the shard before this time have been
    returned. ``is_end``: the shard was closed by a split or merge and has been read to its end.
    """

    sequence_number: str | None
    reached_ms: int
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a shard that can no longer be read; any records in it are lost to the reader.

    It lies between ``after_ms``, which is the position's `Position.reached_ms`, and ``until_ms`` (epoch
    milliseconds), the start of the stream's retention or the present, or None if the rest of the shard is
    gone.
    """

    shard_id: str
    after_ms: int
    until_ms: int | None
    reason: str
