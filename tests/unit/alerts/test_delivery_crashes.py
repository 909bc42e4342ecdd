"""A consumer that crashes anywhere, repeatedly, loses no alert."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts.handlers.handler_protocol import HandlerOutcome
from alerts.messages import Handover
from alerts.store.sqlite import SqliteStore
from tests.fuzz_budget import examples
from tests.unit.alerts.alert_fakes import FakeHandler, RetainingKinesis, Stage
from tests.unit.alerts.alert_samples import alert

DAY_MS = 86_400_000


class CrashError(BaseException):
    """An exception that no handler catches."""


class CrashingProxy:
    """Lets a number of calls to a store or handler pass, then crashes before or after the next one."""

    def __init__(self, inner: Any, crash: "CrashPoint") -> None:  # noqa: ANN401 - a store or a handler
        self._inner = inner
        self._crash = crash

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        """Return the inner attribute; wrap a method so that it may crash."""
        value = getattr(self._inner, name)
        return self._crash.around(name, value) if callable(value) else value


class CrashPoint:
    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.last = ""

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def crashing(*arguments: Any) -> Any:  # noqa: ANN401 - as the inner call has them
            self._step(f"before {name}")
            answer = call(*arguments)
            self._step(f"after {name}")
            return answer

        return crashing

    def _step(self, name: str) -> None:
        self.last = name
        self._steps -= 1
        if self._steps < 0:
            raise CrashError


def run_until_crash(kinesis: RetainingKinesis, folder: Path, handler: FakeHandler, steps: int) -> str:
    """Run until the crash after ``steps`` steps; return the step where it crashed, or an empty string."""
    store = SqliteStore(folder / "store.sqlite", "Alerts/test", keep_ids_ms=DAY_MS)
    crash = CrashPoint(steps)
    stage = Stage(kinesis, CrashingProxy(store, crash), CrashingProxy(handler, crash), folder)
    try:
        delivery = stage.delivery()
        for _ in range(3):
            delivery.step()
        delivery.save()
    except CrashError:
        return crash.last
    finally:
        store.close()
    return ""


@examples(40)
@given(
    crashes=st.lists(st.integers(0, 25), max_size=8),
    numbers=st.lists(st.integers(0, 12), max_size=25),
    batch_size=st.integers(1, 5),
    later=st.lists(st.integers(10, 20), max_size=8),
)
def test_every_alert_is_handled_and_redelivered_only_after_a_crash_before_it_was_recorded(
    crashes: list[int], numbers: list[int], batch_size: int, later: list[int]
) -> None:
    kinesis = RetainingKinesis("s0", "s1")
    kinesis.write("s0", *(alert(number) for number in numbers))
    handler = FakeHandler(batch_size=batch_size)
    excused = 0
    with TemporaryDirectory() as name:
        for place, steps in enumerate(crashes):
            last = run_until_crash(kinesis, Path(name), handler, steps)
            excused += batch_size * (last in {"after handle", "before finish"})
            if place == 1:
                kinesis.write("s1", *(alert(number) for number in later))
        if len(crashes) <= 1:
            kinesis.write("s1", *(alert(number) for number in later))
        assert run_until_crash(kinesis, Path(name), handler, 10**9) == ""
        times = Counter(handler.got)
        assert times.keys() == {f"alert-{number}" for number in (*numbers, *later)}
        assert times.total() - len(times) <= excused


def test_a_crash_right_after_handling_redelivers_the_batch_once(tmp_path: Path) -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", alert(0), alert(1), alert(2))
    handler = FakeHandler()

    def crash_now(_batch: Sequence[Handover]) -> HandlerOutcome:
        raise CrashError

    handler.answers = [crash_now]
    assert run_until_crash(kinesis, tmp_path, handler, 10**9) == "before handle"
    run_until_crash(kinesis, tmp_path, handler, 10**9)
    assert handler.got == ["alert-0", "alert-1", "alert-0", "alert-1", "alert-2"]
