"""An in-memory Kinesis for the reader: shards, splits and merges, iterators, faults.

Unlike the emulators it ends the iterators of closed shards and names their children, as AWS does.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Call")


class FakeKinesis:
    """One stream. ``faults`` maps a call's name to errors that its next calls raise in turn."""

    def __init__(self, *shard_ids: str) -> None:
        self.records: dict[str, list[bytes]] = {shard_id: [] for shard_id in shard_ids}
        self.parents: dict[str, list[str]] = {shard_id: [] for shard_id in shard_ids}
        self.closed: set[str] = set()
        self.faults: dict[str, list[Exception]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.page_size = 100

    @property
    def client(self) -> "KinesisClient":
        """Return this object as the boto3 client."""
        return cast("KinesisClient", self)

    def write(self, shard_id: str, *records: bytes) -> None:
        """Append to a shard."""
        self.records[shard_id] += records

    def reshard(self, parents: list[str], children: list[str]) -> None:
        """Split one parent or merge two: the parents are closed, the children are empty."""
        self.closed.update(parents)
        for child in children:
            self.records[child] = []
            self.parents[child] = parents

    def list_shards(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return a page of shards."""
        self._called("list_shards", request)
        first = int(request.get("NextToken", 0))
        shard_ids = list(self.records)
        page = {"Shards": [self._describe(s) for s in shard_ids[first : first + self.page_size]]}
        if first + self.page_size < len(shard_ids):
            return page | {"NextToken": str(first + self.page_size)}
        return page

    def get_shard_iterator(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return the shard and the number of the next record."""
        self._called("get_shard_iterator", request)
        shard_id = request["ShardId"]
        position = {
            "TRIM_HORIZON": 0,
            "LATEST": len(self.records[shard_id]),
            "AFTER_SEQUENCE_NUMBER": int(request.get("StartingSequenceNumber", -1)) + 1,
            "AT_TIMESTAMP": 0,
        }[request["ShardIteratorType"]]
        return {"ShardIterator": f"{shard_id}/{position}"}

    def get_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return all records from there on; a fully read closed shard has no next iterator."""
        self._called("get_records", request)
        shard_id, position = request["ShardIterator"].split("/")
        found = self.records[shard_id][int(position) :]
        answer = {
            "Records": [
                {
                    "Data": data,
                    "PartitionKey": "key",
                    "SequenceNumber": str(number),
                    "ApproximateArrivalTimestamp": datetime(2026, 1, 2, tzinfo=UTC),
                }
                for number, data in enumerate(found, int(position))
            ],
            "MillisBehindLatest": 0,
        }
        if shard_id in self.closed:
            children = [child for child, parents in self.parents.items() if shard_id in parents]
            return answer | {"ChildShards": [{"ShardId": child} for child in children]}
        return answer | {"NextShardIterator": f"{shard_id}/{int(position) + len(found)}"}

    def _called(self, name: str, request: dict[str, Any]) -> None:
        self.calls.append((name, request))
        if self.faults.get(name):
            raise self.faults[name].pop(0)

    def _describe(self, shard_id: str) -> dict[str, Any]:
        numbers = {"StartingSequenceNumber": "0"}
        if shard_id in self.closed:
            numbers["EndingSequenceNumber"] = str(len(self.records[shard_id]))
        parents = zip(("ParentShardId", "AdjacentParentShardId"), self.parents[shard_id], strict=False)
        return {"ShardId": shard_id, "SequenceNumberRange": numbers} | dict(parents)
