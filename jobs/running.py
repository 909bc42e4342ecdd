"""Job execution: submit a job, wait for its end, cancel it on a stop signal."""

import threading
import time
from typing import Final

from py4j.protocol import Py4JJavaError
from pyflink.common.completable_future import CompletableFuture
from pyflink.common.job_client import JobClient
from pyflink.common.job_execution_result import JobExecutionResult
from pyflink.datastream import StreamExecutionEnvironment

from fraudstream.runtime.stop_signals import stop_on_signals
from jobs.environment import is_on_cluster

JOB_NAME: Final = "fraudstream"
_POLL_SECONDS: Final = 0.5
CANCEL_TIMEOUT_S: Final = 20.0


class JobFailedError(Exception):
    """The job failed; the message is the innermost cause."""


def run(job: StreamExecutionEnvironment, *, is_bounded: bool) -> dict[str, int]:
    """Submit ``job`` and wait until it ends; SIGINT and SIGTERM cancel it, which counts as a normal end.

    Waits only in the local mini cluster, which ends with this process, and in bounded mode: on a cluster, a
    job continues by itself once it is submitted. Returns the counts of a run in bounded mode (the kernel's
    ``RunCounts``). Raises `JobFailedError` if the job failed, or if a job in bounded mode was stopped before
    the end of its source.
    """
    if is_on_cluster() and not is_bounded:
        job.execute_async(JOB_NAME)
        return {}
    stop = stop_on_signals()
    result = _watch(job.execute_async(JOB_NAME), stop)
    if not is_bounded:
        return {}
    if result is None:
        msg = "stopped before the end of the source, so no output is written; start it again"
        raise JobFailedError(msg)
    # Flink's own operators have accumulators too.
    found = result.get_all_accumulator_results()
    return {name: value for name, value in found.items() if isinstance(value, int)}


def _watch(client: JobClient, stop: threading.Event) -> JobExecutionResult | None:
    """Wait for the job's end and return its result, or None if ``stop`` was set."""
    ended = client.get_job_execution_result()
    while not ended.done():
        if stop.wait(_POLL_SECONDS):
            client.cancel().result()
            _wait_for_end(ended)
            return None
    try:
        result: JobExecutionResult = ended.result()
    except Py4JJavaError as error:
        raise JobFailedError(_innermost(error)) from None
    return result


def _wait_for_end(ended: CompletableFuture) -> None:
    """Give the cluster time to end the tasks and to clean up after a cancelled job."""
    deadline_s = time.monotonic() + CANCEL_TIMEOUT_S
    while not ended.done() and time.monotonic() < deadline_s:
        time.sleep(_POLL_SECONDS)


def _innermost(error: Py4JJavaError) -> str:
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.toString())
