"""Where a reader is in a stream: kept by whoever wants to go on there later."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one shard: after the record ``sequence_number``, or where reading began if that is None.

    ``reached_ms`` (epoch milliseconds): what arrived in the shard before it has been handed out.
    ``is_end``: the shard was closed by a split or merge and has been read to its end.
    """

    sequence_number: str | None
    reached_ms: int
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a shard that could not be read any more: what lay in it, if anything, is lost to the reader.

    It lies between ``after_ms``, the position's `Position.reached_ms`, and ``until_ms`` (epoch milliseconds):
    the stream's retention before now, or None where the whole rest of the shard is gone.
    """

    shard_id: str
    after_ms: int
    until_ms: int | None
    reason: str
