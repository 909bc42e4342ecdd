"""Fault of a worker's clock: it is stepped forwards, then backwards, while the job runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from drills.faults.fault import Fault
from drills.live_job import WrittenRecord
from drills.stage import Stage
from drills.worker_clock import WorkerClock
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.transaction import parse_time_ms

STEP_MS: Final = HOUR_MS
STEPS: Final = ((STEP_MS, 0.8), (-STEP_MS, 1.0))
"""How far the clock is off, and the share of the load that is sent until the next step."""
CLOCK: Final = "worker-clock"
"""Name of the folder of the clock."""


@contextmanager
def with_worker_clock(stage: Stage) -> Iterator[None]:
    """Run a TaskManager whose clock can be set while the block runs."""
    (stage.folder / CLOCK).mkdir()
    with _clock(stage).worker():
        yield


def step_clock(stage: Stage) -> None:
    """Step the worker's clock an hour forwards, then two hours backwards, then back to the true time.

    The scored transactions must show both steps.
    """
    clock = _clock(stage)
    with stage.fault("the worker's clock is stepped"):
        for offset_ms, share in STEPS:
            clock.set_off(offset_ms)
            stage.wait("a score with the stepped clock", partial(_has_score, stage, offset_ms))
            stage.wait_until_sent(share)
        clock.set_off(0)


def _clock(stage: Stage) -> WorkerClock:
    return WorkerClock(stage.cluster, stage.folder / CLOCK)


def _has_score(stage: Stage, offset_ms: int) -> bool:
    """Whether a transaction was scored at a time that is off by about this much from its arrival."""
    return any(abs(_off_ms(record) - offset_ms) < STEP_MS / 2 for record in stage.scored.records)


def _off_ms(record: WrittenRecord) -> int:
    return parse_time_ms(record.content["scored_at"]) - parse_time_ms(record.content["arrival_time"])


CLOCK_STEPPED: Final = Fault(
    name="worker_clock_stepped",
    description="the clock of the TaskManager's JVM steps an hour ahead, then an hour behind",
    strike=step_clock,
    prepared=with_worker_clock,
    skew_ms=STEP_MS,
    pace=0.1,
    pairs=False,
)
