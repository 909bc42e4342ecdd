"""Faults of shards: split, merged or idle."""

from functools import partial
from typing import TYPE_CHECKING, Final

from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.load import with_idle_shard
from drills.stage import Stage
from localstack.streams import TRANSACTIONS_SHARDS

if TYPE_CHECKING:
    from mypy_boto3_kinesis.type_defs import ShardTypeDef


def change_shards(stage: Stage) -> None:
    """Split a shard and merge two others under load.

    Raises `ClusterError` if a new shard received no record of the load.
    """
    before = set(_open_shards(stage))
    first, *_, last_but_one, last = sorted(before)
    with stage.fault("a shard is split and two others are merged"):
        _split(stage, first)
        stage.wait_for_more()
        _merge(stage, last_but_one, last)
    new = _open_shards(stage).keys() - before
    stage.wait_until_sent()
    if unused := new - stage.sender.shards.keys():
        names = ", ".join(sorted(unused))
        msg = f"the new shards {names} received no records; give more --transactions or a lower --rate"
        raise ClusterError(msg)


def _split(stage: Stage, shard_id: str) -> None:
    bounds = _open_shards(stage)[shard_id]["HashKeyRange"]
    middle = (int(bounds["StartingHashKey"]) + int(bounds["EndingHashKey"])) // 2
    name = stage.settings.transactions_stream
    stage.client.split_shard(StreamName=name, ShardToSplit=shard_id, NewStartingHashKey=str(middle))
    stage.wait("the stream", lambda: _is_active(stage))


def _merge(stage: Stage, shard_id: str, adjacent_id: str) -> None:
    name = stage.settings.transactions_stream
    stage.client.merge_shards(StreamName=name, ShardToMerge=shard_id, AdjacentShardToMerge=adjacent_id)
    stage.wait("the stream", lambda: _is_active(stage))


def _open_shards(stage: Stage) -> "dict[str, ShardTypeDef]":
    shards = stage.client.list_shards(StreamName=stage.settings.transactions_stream)["Shards"]
    return {
        shard["ShardId"]: shard
        for shard in shards
        if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    }


def _is_active(stage: Stage) -> bool:
    name = stage.settings.transactions_stream
    summary = stage.client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return summary["StreamStatus"] == "ACTIVE"


def leave_shard_idle(stage: Stage) -> None:
    """Wait until the load is sent; its order leaves one shard idle until the end."""
    with stage.fault("one shard is idle"):
        stage.wait_until_sent()


SHARDS_CHANGED: Final = Fault(
    name="shards_changed",
    description="a shard is split and two others are merged under load",
    strike=change_shards,
    pairs=False,
)
SHARD_IDLE: Final = Fault(
    name="shard_idle",
    description="one of four shards is idle for most of the load, then gets all its records at once",
    strike=leave_shard_idle,
    pairs=False,
    load=partial(with_idle_shard, shards=TRANSACTIONS_SHARDS),
)
