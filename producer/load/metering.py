"""Kinesis client that measures its writer's requests, and slows them down under throttling."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.exceptions import ClientError

from fraudstream.runtime.aws_errors import error_code
from fraudstream.streams.kinesis.aggregation import SEPARATOR
from producer.load.load_statistics import Accepted, LoadStatistics
from producer.load.shard_counts import UNKNOWN_SHARD, throttling_shard
from producer.load.throttling import AdaptivePace

if TYPE_CHECKING:
    from mypy_boto3_kinesis.client import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsOutputTypeDef

NOT_SENT: Final = "NotSentInTime"
"""Error code of a record that was given up when the run was stopped."""
THROTTLED: Final = "ProvisionedThroughputExceededException"


class MeteredClient:
    """Stands between a `StreamWriter` and its Kinesis client; has only ``put_records``.

    Once ``gave_up`` is set, it answers without a request that no record was sent, so a writer ends at once
    and accounts for all its records. ``sent`` counts the transactions that are in the stream: a load test's
    transactions have no line break, so each line of a record is one.
    """

    def __init__(
        self,
        client: "KinesisClient",
        statistics: LoadStatistics,
        pace: AdaptivePace,
        gave_up: threading.Event,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sent = 0
        self._client = client
        self._statistics = statistics
        self._pace = pace
        self._gave_up = gave_up
        self._monotonic_s = monotonic_s

    @property
    def client(self) -> "KinesisClient":
        """This object, typed as the client that a writer takes."""
        return cast("KinesisClient", self)

    def put_records(
        self,
        *,
        StreamName: str,  # noqa: N803 - boto3's name
        Records: Sequence[dict[str, Any]],  # noqa: N803 - boto3's name
    ) -> "PutRecordsOutputTypeDef":
        """Send one request when the pace allows it; raises what the client raises."""
        self._pace.wait(len(Records))
        if self._gave_up.is_set():
            return _none_sent(len(Records))
        began_s = self._monotonic_s()
        try:
            response = self._client.put_records(StreamName=StreamName, Records=cast("Any", Records))
        except ClientError as error:
            if error_code(error) == THROTTLED:
                self._pace.slow_down(len(Records))
                self._count(began_s, [], [UNKNOWN_SHARD] * len(Records))
            raise
        pairs = list(zip(Records, response["Records"], strict=True))
        accepted = [
            Accepted(answer["ShardId"], sent["PartitionKey"], _size_bytes(sent), _transactions(sent))
            for sent, answer in pairs
            if not answer.get("ErrorCode")
        ]
        throttled = [
            throttling_shard(answer.get("ErrorMessage", ""))
            for _, answer in pairs
            if answer.get("ErrorCode") == THROTTLED
        ]
        self._count(began_s, accepted, throttled)
        if throttled:
            self._pace.slow_down(len(accepted) or len(Records))
        else:
            self._pace.speed_up()
        return response

    def _count(self, began_s: float, accepted: list[Accepted], throttled: list[str]) -> None:
        self.sent += sum(record.transactions for record in accepted)
        self._statistics.on_request((self._monotonic_s() - began_s) * 1000, accepted, throttled)


def _size_bytes(record: dict[str, Any]) -> int:
    return len(record["Data"]) + len(record["PartitionKey"].encode())


def _transactions(record: dict[str, Any]) -> int:
    lines: int = record["Data"].count(SEPARATOR) + 1
    return lines


def _none_sent(records: int) -> "PutRecordsOutputTypeDef":
    answer = {"ErrorCode": NOT_SENT, "ErrorMessage": "the run was stopped"}
    return cast("PutRecordsOutputTypeDef", {"FailedRecordCount": records, "Records": [answer] * records})
