"""Wait for a submitted job, and end it when its process is asked to end."""

import signal
import threading
from types import FrameType
from typing import Final

from py4j.protocol import Py4JJavaError
from pyflink.table import TableResult

from jobs.environment import is_on_cluster

_POLL_SECONDS: Final = 0.5


class JobFailedError(Exception):
    """The job ended by a failure; the message is the innermost cause."""


def wait_for_end(result: TableResult, *, is_bounded: bool) -> None:
    """Wait until the job ends; SIGINT and SIGTERM cancel it, which counts as its end.

    Only in the local mini cluster, whose life is this process's, and in bounded mode: on a cluster
    the job goes on by itself once it is submitted. Raises `JobFailedError` if it failed.
    """
    if is_on_cluster() and not is_bounded:
        return
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    previous = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _watch(result, stop)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _watch(result: TableResult, stop: threading.Event) -> None:
    client = result.get_job_client()
    ended = client.get_job_execution_result()
    while not ended.done():
        if stop.wait(_POLL_SECONDS):
            client.cancel().result()
            return
    try:
        ended.result()
    except Py4JJavaError as error:
        raise JobFailedError(_innermost(error)) from None


def _innermost(error: Py4JJavaError) -> str:
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.toString())
