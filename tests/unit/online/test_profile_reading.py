"""Profiles are read at once, with their age; a store that fails is given a rest."""

import pytest

from fraudstream.online.circuit_breaker import CircuitBreaker
from fraudstream.online.profile_reading import PROGRESS_INTERVAL_MS, ProfileReader, Profiles
from fraudstream.profiles.profile_rows import ProfileKey
from tests.unit.online.memory_profiles import MemoryProfiles

NOW_MS = 1_000_000
ACCOUNT = ProfileKey("account_id", "A1")
DEVICE = ProfileKey("device_id", "D1")


class Bench:
    """A reader over a store in memory, with a clock that stands."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.store = MemoryProfiles()
        self.breaker = CircuitBreaker(lambda: self.now_ms, failures=2, pause_ms=500)
        self.reader = ProfileReader(self.store, lambda: self.now_ms, self.breaker)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_profiles_that_are_stored_are_found_in_one_read(bench: Bench) -> None:
    bench.store.put("account_id", "A1", b"of A1")
    found = bench.reader.read([ACCOUNT, DEVICE])
    assert (dict(found.found), found.error) == ({ACCOUNT: b"of A1"}, None)
    assert bench.store.reads == [[ACCOUNT, DEVICE]]


@pytest.mark.parametrize(("expires_ms", "is_found"), [(NOW_MS, False), (NOW_MS + 1, True)])
def test_an_expired_profile_is_as_none(bench: Bench, expires_ms: int, *, is_found: bool) -> None:
    bench.store.put("account_id", "A1", b"of A1", expires_ms=expires_ms)
    assert (ACCOUNT in bench.reader.read([ACCOUNT]).found) == is_found


def test_the_age_is_that_of_the_entity_that_is_furthest_behind(bench: Bench) -> None:
    bench.store.written_until(NOW_MS - 300, "account_id")
    bench.store.written_until(NOW_MS - 700, "device_id")
    found = bench.reader.read([ACCOUNT, DEVICE])
    assert found.age_ms([ACCOUNT, None], NOW_MS) == 300
    assert found.age_ms([ACCOUNT, DEVICE], NOW_MS) == 700


def test_an_entity_that_nobody_writes_has_no_known_age(bench: Bench) -> None:
    bench.store.written_until(NOW_MS, "account_id")
    found = bench.reader.read([ACCOUNT, DEVICE])
    assert found.age_ms([ACCOUNT, DEVICE], NOW_MS) is None


def test_a_job_whose_clock_is_ahead_gives_the_age_0(bench: Bench) -> None:
    bench.store.written_until(NOW_MS + 50, "account_id")
    assert bench.reader.read([ACCOUNT]).age_ms([ACCOUNT], NOW_MS) == 0


@pytest.mark.parametrize(
    ("age_ms", "error", "state"),
    [(5_000, None, "fresh"), (5_001, None, "stale"), (None, None, "stale"), (0, "down", "missing")],
)
def test_the_state_depends_on_the_age_and_the_error(
    age_ms: int | None, error: str | None, state: str
) -> None:
    assert Profiles({}, {}, error).state(age_ms, 5_000) == state


def test_the_progress_is_asked_for_once_in_an_interval(bench: Bench) -> None:
    bench.store.written_until(NOW_MS, "account_id")
    bench.reader.read([ACCOUNT])
    bench.now_ms += PROGRESS_INTERVAL_MS - 1
    bench.reader.read([ACCOUNT])
    assert bench.store.progress_calls == 1
    bench.now_ms += 1
    bench.reader.read([ACCOUNT])
    assert bench.store.progress_calls == 2


def test_a_clock_that_was_set_back_asks_again(bench: Bench) -> None:
    bench.reader.read([ACCOUNT])
    bench.now_ms -= 60_000
    bench.reader.read([ACCOUNT])
    assert bench.store.progress_calls == 2


def test_a_store_that_fails_is_named_and_then_left_alone(bench: Bench) -> None:
    bench.store.error = "sqlite:x can't be read"
    assert [bench.reader.read([ACCOUNT]).error for _ in range(3)] == ["sqlite:x can't be read"] * 3
    assert bench.reader.breaker_state == "open"
    bench.store.error = None
    assert bench.reader.read([ACCOUNT]).error == "sqlite:x can't be read"
    assert bench.store.reads == []


def test_a_store_that_is_back_is_found_after_the_pause(bench: Bench) -> None:
    bench.store.error = "down"
    for _ in range(2):
        bench.reader.read([ACCOUNT])
    bench.store.error = None
    bench.now_ms += 500
    assert bench.reader.read([ACCOUNT]).error is None
    assert bench.reader.breaker_state == "closed"


def test_without_a_store_the_profiles_are_missing() -> None:
    reader = ProfileReader(None, lambda: NOW_MS, CircuitBreaker(lambda: NOW_MS))
    assert reader.read([ACCOUNT]).error == "no profile store is configured"
