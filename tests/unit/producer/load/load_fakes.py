"""A fake Kinesis with configurable answers, and records, for the load test's tests."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from fraudstream.streams.protocols import Record
from producer.load.lanes import lane_number

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

THROTTLED = "ProvisionedThroughputExceededException"
SHARD = "shardId-00000000000{}"

Refuse = Callable[[bytes], str | None]
"""The error code for a record, or None to accept it."""


class FakeStream:
    """Accepts records as ``refuse`` allows, from any thread; while ``frozen`` is set, calls block."""

    def __init__(self, refuse: Refuse = lambda _data: None, shards: int = 4) -> None:
        self.refuse = refuse
        self.shards = shards
        self.taken: list[tuple[str, bytes]] = []
        self.requests: list[int] = []
        self.fault: Exception | None = None
        self.thawed = threading.Event()
        self.thawed.set()
        self._lock = threading.Lock()

    @property
    def client(self) -> "KinesisClient":
        """Return this object as the boto3 client."""
        return cast("KinesisClient", self)

    def put_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return a result for each record."""
        self.thawed.wait()
        with self._lock:
            self.requests.append(len(request["Records"]))
            if self.fault is not None:
                raise self.fault
            return {"Records": [self._answer(record) for record in request["Records"]]}

    def _answer(self, record: dict[str, Any]) -> dict[str, str]:
        shard_id = SHARD.format(lane_number(record["PartitionKey"], self.shards))
        code = self.refuse(record["Data"])
        if code:
            return {"ErrorCode": code, "ErrorMessage": f"Rate exceeded for shard {shard_id} in stream S"}
        self.taken.append((record["PartitionKey"], record["Data"]))
        return {"SequenceNumber": "1", "ShardId": shard_id}

    def by_key(self) -> dict[str, list[int]]:
        """Return the accepted numbers by key, in order of arrival."""
        found: dict[str, list[int]] = {}
        for key, data in self.taken:
            found.setdefault(key, []).append(int(data))
        return found


def records(count: int, keys: int = 17) -> list[Record]:
    """Return numbered records over ``keys`` keys."""
    return [Record(b"%d" % n, f"ACC_{n % keys}") for n in range(count)]


def counted(data: list[bytes]) -> Counter[bytes]:
    """Return the number of occurrences of each."""
    return Counter(data)
