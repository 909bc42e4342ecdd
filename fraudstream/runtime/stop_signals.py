"""Shutdown of a process and its children; standard library only, so that the job can use it."""

import signal
import subprocess
import threading
from types import FrameType


def stop_on_signals() -> threading.Event:
    """Return an event set by SIGINT (Ctrl-C), SIGTERM and SIGHUP, which then no longer end the process."""
    stop = threading.Event()

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
