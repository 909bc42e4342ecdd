import pytest

from benchmarks.profile_filling import IdleJob
from fraudstream.profiles.profile_rows import ProfileProgress
from fraudstream.profiles.sqlite_profiles import SqliteProfiles
from fraudstream.profiles.store_protocol import ProfileStoreError
from tests.unit.waiting import wait_until

NOW_MS = 1_790_000_000_000


class Reports(SqliteProfiles):
    """Keeps the reports instead of writing them; fails if ``error`` is set."""

    def __init__(self, error: ProfileStoreError | None = None) -> None:
        self.reports: list[ProfileProgress] = []
        self.error = error

    def report(self, progress: ProfileProgress) -> None:
        if self.error is not None:
            raise self.error
        self.reports.append(progress)

    def close(self) -> None:
        pass


def test_an_idle_job_reports_each_entity_until_its_end() -> None:
    store = Reports()
    with IdleJob(lambda: store, ("account_id", "device_id"), 5, lambda: NOW_MS):
        wait_until(lambda: len(store.reports) >= 2)
    assert {(each.entity, each.epoch_ms, each.written_until_ms) for each in store.reports} == {
        ("account_id", 5, NOW_MS),
        ("device_id", 5, NOW_MS),
    }


def test_a_report_that_fails_is_an_error_of_the_run() -> None:
    store = Reports(ProfileStoreError("store x is away"))
    with (
        pytest.raises(ProfileStoreError, match="store x is away"),
        IdleJob(lambda: store, ("account_id",), 5, lambda: NOW_MS),
    ):
        pass
