import io

import numpy as np
import pytest
from rich.console import Console

from producer.load.load_statistics import Accepted, LoadStatistics
from producer.load.load_view import LoadView
from producer.load.send_schedule import SendSchedule


def counted() -> LoadStatistics:
    statistics = LoadStatistics()
    statistics.on_made(3_000)
    accepted = [Accepted(f"shardId-{n % 9 % 2}", "BUSY", 500) for n in range(2_700)]
    statistics.on_request(12.5, accepted, ["shardId-1"] * 3)
    statistics.on_acknowledged(np.zeros(2_700), 0.25)
    statistics.on_failed(["InternalFailure"] * 20)
    statistics.on_retries(2)
    return statistics


def drawn(view: LoadView, width: int) -> str:
    output = io.StringIO()
    Console(file=output, width=width).print(view)
    return output.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_the_view_shows_counts_times_and_shards_at_any_width(width: int) -> None:
    view = LoadView(counted(), SendSchedule(records=3_000, rate_per_s=100.0), 2, lambda: 1.0)
    picture = drawn(view, width)
    for text in ("2,700 of 3,000", "12.5 ms", "250.0 ms", "280", "20", "1,500", "55.6%", "0.8"):
        assert text in picture


def test_a_hot_shard_gives_a_warning_during_the_run() -> None:
    view = LoadView(counted(), SendSchedule(records=None, rate_per_s=None), 4, lambda: 1.0)
    assert "hot shard shardId-0" in drawn(view, 140)


def test_throughput_covers_the_last_seconds_and_at_the_end_the_whole_run() -> None:
    statistics = LoadStatistics()
    times_s = iter([4.0, 9.0])
    view = LoadView(statistics, SendSchedule(records=None, rate_per_s=None), 1, lambda: next(times_s))
    statistics.sent = 400
    assert "(100 tx/s)" in view.line()
    statistics.sent = 1_200
    assert "(160 tx/s)" in view.line()
    view.stage = "done"
    statistics.last_acknowledged_s = 12.0
    assert view.line().startswith("done: sent 1,200 (100 tx/s), lag p99 -, put p99 -")
