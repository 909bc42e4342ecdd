"""Shards that come, go, or have nothing to say."""

from functools import partial
from typing import Final

from drills.faults.base import Fault
from drills.load import with_idle_shard
from drills.stage import Stage
from localstack.streams import TRANSACTIONS_SHARDS


def change_shards(stage: Stage) -> None:
    """Split a shard, then merge two others, under load."""
    name = stage.settings.transactions_stream
    shards = stage.client.list_shards(StreamName=name)["Shards"]
    first, *_, last_but_one, last = shards
    begin, end = (int(first["HashKeyRange"][key]) for key in ("StartingHashKey", "EndingHashKey"))
    with stage.fault("a shard is split, two others are merged"):
        stage.client.split_shard(
            StreamName=name, ShardToSplit=first["ShardId"], NewStartingHashKey=str((begin + end) // 2)
        )
        stage.wait("the stream", lambda: _is_active(stage))
        stage.wait_for_more()
        stage.client.merge_shards(
            StreamName=name, ShardToMerge=last_but_one["ShardId"], AdjacentShardToMerge=last["ShardId"]
        )
        stage.wait("the stream", lambda: _is_active(stage))


def _is_active(stage: Stage) -> bool:
    name = stage.settings.transactions_stream
    summary = stage.client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return summary["StreamStatus"] == "ACTIVE"


def leave_shard_idle(stage: Stage) -> None:
    """Wait until the load is sent, whose order leaves a shard idle until its end."""
    with stage.fault("one shard is idle"):
        stage.wait("the end of the load", lambda: stage.sender.sent >= len(stage.items))


SHARDS_CHANGED: Final = Fault(
    name="shards_changed",
    what="a shard is split and two others are merged under load",
    strike=change_shards,
)
SHARD_IDLE: Final = Fault(
    name="shard_idle",
    what="one of four shards gets nothing for most of the load, then all of its records at once",
    strike=leave_shard_idle,
    load=partial(with_idle_shard, shards=TRANSACTIONS_SHARDS),
)
