"""Claims on alerts that several consumers deliver together, with a fake stream and handler."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome
from alerts.messages import Handover
from alerts.store.progress_store import LEASE_MS, Claims, ProgressStore
from tests.unit.alerts.alert_fakes import FakeHandler, Stage, fail, handler_of, ids
from tests.unit.alerts.alert_samples import alert
from tests.unit.alerts.conftest import StoreMaker


class BusyStore:
    """A store in which another consumer claims an alert for some polls, then finishes it or dies."""

    def __init__(self, inner: ProgressStore, looks: int, *, then_done: bool) -> None:
        self._inner = inner
        self._looks = looks
        self._then_done = then_done

    def __getattr__(self, name: str) -> object:
        """Delegate everything else."""
        return getattr(self._inner, name)

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        claims = self._inner.claim(alert_ids, now_ms)
        if "alert-0" not in alert_ids:
            return claims
        self._looks -= 1
        ours = [each for each in claims.ours if each != "alert-0"]
        if self._looks >= 0:
            return Claims(ours, claims.done, ["alert-0"])
        return Claims(ours, ["alert-0"], ()) if self._then_done else claims


@pytest.mark.parametrize("then_done", [True, False])
def test_an_alert_claimed_by_another_consumer_is_waited_for_and_the_position_does_not_pass_it(
    stage: Stage, *, then_done: bool
) -> None:
    stage.kinesis.write("s0", alert(0), alert(1))
    stage.store = BusyStore(stage.store, 3, then_done=then_done)  # type: ignore[assignment] # the rest is the inner one's
    stage.delivery().step()
    assert handler_of(stage).got == (ids(1) if then_done else ids(1, 0))
    assert stage.stop.waited_s == [0.2, 0.2, 0.2]


def test_a_stop_while_another_consumer_has_claimed_an_alert_keeps_the_position_before_it(
    stage: Stage,
) -> None:
    stage.kinesis.write("s0", alert(0), alert(1))
    stage.store = BusyStore(stage.store, 3, then_done=True)  # type: ignore[assignment] # the rest is the inner one's
    stage.stop.set()
    delivery = stage.delivery()
    delivery.step()
    delivery.save()
    assert stage.store.positions() == {}


@pytest.mark.parametrize(
    "error",
    [HandlerError("no such topic"), BrokenPipeError(), SystemExit(1)],
    ids=lambda error: str(type(error)),
)
def test_a_handler_that_ends_the_run_releases_its_claim(
    stage: Stage, open_dynamo: StoreMaker, tmp_path: Path, error: BaseException
) -> None:
    stage.store = open_dynamo()
    stage.kinesis.write("s0", alert(0))

    def break_down(_batch: Sequence[Handover]) -> HandlerOutcome:
        raise error

    handler_of(stage).answers = [break_down]
    with pytest.raises(type(error)):
        stage.delivery().step()
    other = Stage(stage.kinesis, open_dynamo(), FakeHandler(), tmp_path)
    other.delivery().step()
    assert handler_of(other).got == ids(0)
    assert other.stop.waited_s == []


def test_a_claim_is_renewed_before_every_retry(stage: Stage, open_dynamo: StoreMaker) -> None:
    stage.store = open_dynamo()
    rival = open_dynamo()
    stage.kinesis.write("s0", alert(0))
    busy: list[bool] = []

    def slow(batch: Sequence[Handover]) -> HandlerOutcome:
        busy.append(bool(rival.claim(["alert-0"], stage.now_ms).busy))
        stage.now_ms += LEASE_MS * 2 // 3
        return fail(batch)

    handler_of(stage).answers = [slow, slow, slow]
    stage.delivery().step()
    assert busy == [True, True, True]


class LosingStore:
    """A store in which, at the first renewal of its claim, another consumer has taken ``alert-0``."""

    def __init__(self, inner: ProgressStore, *, then_done: bool) -> None:
        self._inner = inner
        self._claims = 0
        self._then_done = then_done

    def __getattr__(self, name: str) -> object:
        """Delegate everything else."""
        return getattr(self._inner, name)

    def claim(self, alert_ids: Sequence[str], now_ms: int) -> Claims:
        claims = self._inner.claim(alert_ids, now_ms)
        self._claims += 1
        if self._claims == 1:
            return claims
        done = ["alert-0"] if self._then_done or self._claims > 2 else []
        busy = [] if done else ["alert-0"]
        return Claims([each for each in claims.ours if each != "alert-0"], done, busy)


@pytest.mark.parametrize("then_done", [True, False])
def test_an_alert_that_another_consumer_takes_over_before_a_retry_is_left_to_it(
    stage: Stage, *, then_done: bool
) -> None:
    stage.kinesis.write("s0", alert(0), alert(1))
    stage.store = LosingStore(stage.store, then_done=then_done)  # type: ignore[assignment] # the rest is the inner one's
    handler_of(stage).answers = [fail]
    delivery = stage.delivery()
    delivery.step()
    assert handler_of(stage).got == ids(0, 1, 1)
    assert (delivery.counts.handled, delivery.counts.doubled) == (1, 1)
