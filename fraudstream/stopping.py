"""How a process is asked to end; with the standard library alone, so that the job needs nothing for it."""

import signal
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """Return an event that Ctrl-C, SIGTERM and a closed terminal set; they no longer end the process."""
    stop = threading.Event()

    def handle(_signal_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)
    return stop
