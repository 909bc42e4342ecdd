"""Shutdown of a process and its children; standard library only, so that the job can use it."""

import signal
import subprocess
import threading
from types import FrameType


class StopSignal(threading.Event):
    """A stop of the program, and when it was first noticed: all calls together have one time to end."""

    def __init__(self) -> None:
        super().__init__()
        self._noticed_at_s: float | None = None

    def noticed_at_s(self, now_s: float) -> float | None:
        """Return when the stop was first noticed: now, if nobody has before; None if there is no stop.

        ``now_s`` is a monotonic clock's time, of the same clock for every caller.
        """
        if self._noticed_at_s is None and self.is_set():
            self._noticed_at_s = now_s
        return self._noticed_at_s


def stop_on_signals() -> StopSignal:
    """Return a stop set by SIGINT (Ctrl-C), SIGTERM and SIGHUP, which then no longer end the process."""
    stop = StopSignal()

    def handle(_signal_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    return stop


def end_process(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Terminate a process that the caller started; kill it if it is not done after ``timeout_s`` seconds."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
