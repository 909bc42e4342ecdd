import threading
from collections.abc import Iterator

import pytest

from fraudstream.streams.protocols import Record
from fraudstream.streams.stream_errors import StreamError
from producer.load.lanes import Due, Lane, lane_number
from producer.load.load_statistics import LoadStatistics
from producer.load.maker import MAX_PER_ROUND, Maker
from producer.load.send_schedule import SendSchedule
from tests.unit.producer.load.load_fakes import records


class FakeStop(threading.Event):
    """An event whose wait advances the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        """Advance the clock."""
        self.now_s += timeout or 0.0
        return self.is_set()


class Made:
    """A maker with its lanes and a fake clock."""

    def __init__(self, source: Iterator[Record], schedule: SendSchedule, lanes: int = 3) -> None:
        self.statistics = LoadStatistics()
        self.stop = FakeStop()
        self.lanes = [Lane(1_000_000) for _ in range(lanes)]
        self.maker = Maker(source, schedule, self.lanes, self.statistics, lambda: self.stop.now_s)

    def run(self) -> "Made":
        """Run the maker to its end."""
        self.maker.run(self.stop)
        return self

    def due(self) -> list[Due]:
        """Empty the lanes, by due time."""
        return sorted(
            (due for lane in self.lanes for due in lane.take(len(lane) or 1)), key=lambda d: d.due_s
        )


def close(made: Made) -> None:
    for lane in made.lanes:
        lane.close()


def test_every_record_is_made_at_its_due_time() -> None:
    made_at_s: list[float] = []

    def source() -> Iterator[Record]:
        for record in records(1_000):
            made_at_s.append(made.stop.now_s)
            yield record

    made = Made(source(), SendSchedule(records=None, rate_per_s=40.0))
    made.run()
    close(made)
    assert [due.due_s for due in made.due()] == pytest.approx([n / 40 for n in range(1_000)])
    early_s = [n / 40 - at_s for n, at_s in enumerate(made_at_s)]
    assert max(early_s) <= 1e-9
    assert min(early_s) > -0.01


def test_a_late_start_is_followed_by_records_with_the_due_times_of_the_schedule() -> None:
    made = Made(iter(records(2_000)), SendSchedule(records=1_500, rate_per_s=1_000.0))
    made.stop.now_s = 100.0
    made.run()
    close(made)
    assert made.stop.now_s == 100.0
    assert [due.due_s for due in made.due()] == pytest.approx([n / 1_000 for n in range(1_500)])
    assert made.statistics.made == 1_500


def test_without_a_rate_records_are_due_when_they_are_made() -> None:
    made = Made(iter(records(700)), SendSchedule(records=600, rate_per_s=None)).run()
    close(made)
    assert made.stop.now_s == 0.0
    assert [due.due_s for due in made.due()] == [0.0] * 600


def test_an_account_stays_in_one_lane_and_in_order() -> None:
    made = Made(iter(records(500)), SendSchedule(records=None, rate_per_s=None)).run()
    close(made)
    for number, lane in enumerate(made.lanes):
        taken = [due.record for due in lane.take(500)]
        assert {lane_number(record.partition_key, 3) for record in taken} == {number}
        assert [int(record.data) for record in taken] == sorted(int(record.data) for record in taken)


def test_a_stop_is_noticed_after_the_current_records() -> None:
    def source() -> Iterator[Record]:
        for n, record in enumerate(records(10_000)):
            if n == MAX_PER_ROUND + 10:
                made.stop.set()
            yield record

    made = Made(source(), SendSchedule(records=None, rate_per_s=None))
    made.run()
    close(made)
    assert made.statistics.made == 2 * MAX_PER_ROUND
    assert len(made.due()) == 2 * MAX_PER_ROUND


def test_records_rejected_by_a_closed_lane_count_as_not_sent() -> None:
    made = Made(iter(records(100)), SendSchedule(records=None, rate_per_s=None))
    made.lanes[1].close()
    made.run()
    close(made)
    refused = sum(lane_number(record.partition_key, 3) == 1 for record in records(100))
    assert made.statistics.not_sent == refused > 0
    assert len(made.due()) == 100 - refused


def test_a_failing_source_ends_the_run_with_the_reason() -> None:
    def source() -> Iterator[Record]:
        yield from records(MAX_PER_ROUND + 5)
        msg = "line 17 is broken"
        raise StreamError(msg)

    made = Made(source(), SendSchedule(records=None, rate_per_s=None)).run()
    assert made.stop.is_set()
    assert made.statistics.errors == ["line 17 is broken"]
    close(made)
    assert len(made.due()) == made.statistics.made == MAX_PER_ROUND + 5
