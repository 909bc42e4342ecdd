"""Summary of a load test, as JSON-ready values."""

from typing import Any, Final

from producer.load.histogram import percentiles_ms
from producer.load.load_statistics import LoadStatistics
from producer.load.send_schedule import SendSchedule
from producer.load.shard_counts import hot_shards

LATE_MS: Final = 1_000
"""A schedule is not kept if the 99th percentile of the lag is above this."""


def summary(
    statistics: LoadStatistics, schedule: SendSchedule, *, open_shards: int, in_doubt: int
) -> dict[str, Any]:
    """Return the counts of transactions, where ``sent + failed + not_sent`` is ``made``, and the times.

    ``seconds`` is the time from the start to the last acknowledgement, ``tx_per_s`` is ``sent`` divided by
    it. Times are null if nothing was sent. ``in_doubt`` is the number of transactions not sent whose request
    had no answer.
    """
    with statistics.lock:
        seconds = statistics.last_acknowledged_s
        return {
            "made": statistics.made,
            "sent": statistics.sent,
            "failed": statistics.failed,
            "not_sent": statistics.not_sent,
            "records": sum(shard.records for shard in statistics.shards.values()),
            "requests": statistics.requests,
            "retries": statistics.retries,
            "seconds": round(seconds, 3),
            "tx_per_s": round(statistics.sent / seconds, 1) if seconds else None,
            "put_ms": percentiles_ms(statistics.put_ms, (50, 99)),
            "lag_ms": percentiles_ms(statistics.lag_ms, (50, 99)),
            "shards": {
                name: {
                    "transactions": shard.transactions,
                    "records": shard.records,
                    "bytes": shard.size_bytes,
                    "throttled": shard.throttled,
                }
                for name, shard in sorted(statistics.shards.items())
            },
            "error_codes": dict(statistics.error_codes),
            "warnings": [
                *hot_shards(statistics.shards, open_shards),
                *_late(statistics, schedule),
                *_unanswered(in_doubt),
            ],
        }


def _late(statistics: LoadStatistics, schedule: SendSchedule) -> list[str]:
    lag_ms = statistics.lag_ms.percentile_ms(99)
    if schedule.rate_per_s is None or lag_ms is None or lag_ms <= LATE_MS:
        return []
    late = f"the lag p99 is {lag_ms / 1000:.1f} s"
    slow = f"the stream, or this machine, is too slow for {schedule.rate_per_s:g} tx/s"
    return [f"the schedule was not kept: {late}; {slow}"]


def _unanswered(in_doubt: int) -> list[str]:
    if not in_doubt:
        return []
    return [f"{in_doubt} unsent transactions were in requests without a response: they may be in the stream"]
