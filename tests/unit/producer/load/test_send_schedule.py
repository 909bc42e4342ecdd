import pytest

from producer.load.send_schedule import SendSchedule, schedule_of


@pytest.mark.parametrize(
    ("count", "rps", "duration_s", "records"),
    [
        (10_000, None, None, 10_000),
        (None, 100.0, 300.0, 30_000),
        (500, 100.0, 300.0, 500),
        (50_000, 100.0, 300.0, 30_000),
        (None, 100.0, None, None),
        (None, 0.1, 1.0, 1),
        (None, None, None, None),
    ],
)
def test_the_schedule_has_the_smaller_of_the_counts_from_count_and_duration(
    count: int | None, rps: float | None, duration_s: float | None, records: int | None
) -> None:
    assert schedule_of(count, rps, duration_s) == SendSchedule(records=records, rate_per_s=rps)


def test_a_duration_without_a_rate_is_rejected() -> None:
    with pytest.raises(ValueError, match="give --rps too"):
        schedule_of(100, None, 10.0)


def test_due_times_are_evenly_spaced_and_independent_of_when_a_record_is_made() -> None:
    schedule = SendSchedule(records=None, rate_per_s=50.0)
    assert [schedule.due_s(n, made_s=99.0) for n in range(4)] == pytest.approx([0, 0.02, 0.04, 0.06])


def test_without_a_rate_a_record_is_due_when_it_is_made() -> None:
    schedule = SendSchedule(records=None, rate_per_s=None)
    assert schedule.due_s(7, made_s=1.5) == 1.5
    assert schedule.due_until(1.5) is None


@pytest.mark.parametrize(("now_s", "due"), [(0.0, 1), (0.019, 1), (0.021, 2), (1.001, 51)])
def test_records_are_due_once_their_time_has_come(now_s: float, due: int) -> None:
    assert SendSchedule(records=None, rate_per_s=50.0).due_until(now_s) == due
