"""How a process is asked to end; with the standard library alone, so that the job needs nothing for it."""

import signal
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """Return an event that Ctrl-C or SIGTERM sets; both then no longer end the process by themselves."""
    stop = threading.Event()

    def handle(_signal_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    return stop
