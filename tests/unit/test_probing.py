"""The probe's process: a crash and an endless wait are answers, and the next input is answered again."""

import os
import threading
from collections.abc import Iterator

import pytest

from tests.probing import Answer, Probe, serve


def echo(kind: str, data: bytes) -> Answer:
    """Answer with the length of the input, exit with code 7, or wait without end."""
    if kind == "X":
        os._exit(7)
    if kind == "W":
        threading.Event().wait()
    return {"length": len(data)}


@pytest.fixture
def probe() -> Iterator[Probe]:
    running = Probe("tests.unit.test_probing")
    yield running
    assert running.close() == 0


def test_an_input_is_answered(probe: Probe) -> None:
    assert probe.ask("E", b"x" * 1_000_000) == {"length": 1_000_000}


def test_an_input_that_ends_the_process_is_answered_by_its_exit_code(probe: Probe) -> None:
    assert probe.ask("X", b"") == {"crashed": 7}
    assert probe.ask("E", b"next") == {"length": 4}


def test_an_endless_wait_is_reported_and_its_process_killed(probe: Probe) -> None:
    assert probe.ask("E", b"ready") == {"length": 5}
    probe.answer_s = 0.5
    assert probe.ask("W", b"") == {"crashed": "no answer within 0.5 s"}
    probe.answer_s = 120
    assert probe.ask("E", b"next") == {"length": 4}


if __name__ == "__main__":
    serve(echo)
