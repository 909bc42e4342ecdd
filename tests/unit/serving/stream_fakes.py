"""A Kinesis in memory for the gateway: accepts, refuses or holds the records of PutRecords calls."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient

THROTTLED = "ProvisionedThroughputExceededException"
Refuse = Callable[[int, bytes], str | None]
"""The error code for a record in call number n (from 0), or None to accept it."""


class HeldKinesis:
    """``calls`` has the data of each PutRecords; ``taken`` what was accepted, as (data, partition key).

    Calls wait while ``is_open`` is cleared. ``faults`` are raised by the next calls in turn, before anything
    is accepted; ``lost_answers`` by those that accept their records all the same.
    """

    def __init__(self, refuse: Refuse = lambda _call, _data: None) -> None:
        self.refuse = refuse
        self.calls: list[list[bytes]] = []
        self.taken: list[tuple[bytes, str]] = []
        self.faults: list[Exception] = []
        self.lost_answers: list[Exception] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.is_called = threading.Event()
        self._turn = threading.Lock()

    @property
    def client(self) -> "KinesisClient":
        """Return this object as the boto3 client."""
        return cast("KinesisClient", self)

    def put_records(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 takes them
        """Return a result for each record."""
        with self._turn:
            number = len(self.calls)
            self.calls.append([each["Data"] for each in request["Records"]])
        self.is_called.set()
        assert self.is_open.wait(20)
        with self._turn:
            if self.faults:
                raise self.faults.pop(0)
            answers = [self._answer(number, each) for each in request["Records"]]
            if self.lost_answers:
                raise self.lost_answers.pop(0)
        return {"Records": answers, "FailedRecordCount": sum("ErrorCode" in each for each in answers)}

    def _answer(self, number: int, record: dict[str, Any]) -> dict[str, str]:
        code = self.refuse(number, record["Data"])
        if code:
            return {"ErrorCode": code, "ErrorMessage": "no"}
        self.taken.append((record["Data"], record["PartitionKey"]))
        return {"SequenceNumber": str(len(self.taken)), "ShardId": "shard-0"}
