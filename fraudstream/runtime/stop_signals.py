"""How a process is asked to end, and ends its children; standard library only, so that the job may use it."""

import signal
import subprocess
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


def end_process(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """End a process that the caller started: ask, wait ``timeout_s`` seconds, then kill it."""
    process.terminate()
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
