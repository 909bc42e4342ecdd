"""Flink environment: startup of the JVM, and the job's configuration derived from the settings."""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from fraudstream.runtime.loopback import occupied
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from jobs.job_settings import JobSettings
from jobs.python_mode import python_mode, python_path
from jobs.rest_options import CLOSED_TO_PAGES, LOOPBACK, rest_access

JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
"""Jar of the kernel and the Kinesis connector, built by `make setup`."""
LOCAL_CHECKPOINTS: Final = ROOT / "build" / "checkpoints"
"""Default folder for the checkpoints of the local mini cluster."""

OWNER_ONLY: Final = 0o077
"""File mode mask (``umask``) that leaves no right to group and others."""


def protect_files() -> None:
    """Let only the owner read the files of this process and of its local mini cluster.

    Its checkpoints have the key of its hashes, and data of accounts. A cluster's files are the cluster's.
    """
    if not is_on_cluster():
        os.umask(OWNER_ONLY)


def start_jvm(variables: Mapping[str, str], jars: Sequence[Path] = ()) -> None:
    """Let PyFlink start its JVM with the given environment variables; once per process.

    The jar is put on the class path of the JVM itself: in the local mini cluster, the client compiles code
    that refers to the kernel's functions, and a jar that is only attached to the job is not visible there.
    Under ``flink run`` or Managed Flink, the JVM is already running with the jar, and this has no effect.
    ``jars`` are further ones.
    """
    if JAR.is_file():
        os.environ["HADOOP_CLASSPATH"] = os.pathsep.join(map(str, (JAR, *jars)))
    os.environ.update(variables)
    # Otherwise PyFlink opens a gRPC port on every network interface for its local mini cluster, which runs
    # the code of anyone who connects. Python then runs in a process of its own or in the JVM.
    os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - PyFlink's name
    with python_path():
        get_gateway()


def execution_environment(
    settings: JobSettings, connector_options: Mapping[str, str]
) -> StreamExecutionEnvironment:
    """Return an execution environment with the job's configuration, in the JVM that was started.

    Raises `SettingsError` if another program has the REST port of the local mini cluster.
    """
    check_rest_port(settings)
    configuration = Configuration()
    for key, value in flink_configuration(settings, connector_options).items():
        configuration.set_string(key, value)
    return StreamExecutionEnvironment.get_execution_environment(configuration)


def check_rest_port(settings: JobSettings) -> None:
    """Raise `SettingsError` if another program has the REST port of the local mini cluster.

    Flink's own message does not name the option.
    """
    if settings.rest_port is None or is_on_cluster():
        return
    reason = occupied(LOOPBACK, settings.rest_port)
    if reason is not None:
        msg = f"rest_port: {reason}; stop the program that uses it, or choose another port with --rest-port"
        raise SettingsError(msg)


def saved_state(execution: StreamExecutionEnvironment) -> str | None:
    """Return the URI of the savepoint or checkpoint that a job is configured to start from; None if none."""
    configuration = execution._j_stream_execution_environment.getConfiguration()  # noqa: SLF001 - PyFlink hides it
    # Flink's own option object, which also knows deprecated names; `flink run -s` sets this option.
    option = get_gateway().jvm.org.apache.flink.configuration.StateRecoveryOptions.SAVEPOINT_PATH
    path: str | None = configuration.get(option)
    return path or None


def flink_configuration(settings: JobSettings, connector_options: Mapping[str, str]) -> dict[str, str]:
    """Return Flink's options, including the connector's; Flink 1.20 and 2.x both accept all of the keys."""
    options = {
        "pipeline.name": "fraudstream",
        "pipeline.max-parallelism": str(settings.max_parallelism),
        "pipeline.object-reuse": "true",
        "parallelism.default": str(settings.parallelism),
        "table.exec.resource.default-parallelism": str(settings.parallelism),
        # Deterministic operator ids derived from the plan, so that saved state can be mapped to its operator.
        "table.exec.uid.generation": "ALWAYS",
        "state.backend.type": settings.state_backend,
        # Flink's default of 100 ms per buffer would make up most of an alert's latency.
        "execution.buffer-timeout.interval": "5 ms",
        "python.execution-mode": python_mode(settings, is_on_cluster=is_on_cluster()),
        # Each input of Python is a whole batch already, so it is sent at once.
        "python.fn-execution.bundle.size": "1",
    }
    if not is_on_cluster():
        # A cluster's workers may have Python elsewhere, as configured there (-pyexec, python.executable).
        options |= {"python.executable": sys.executable, "python.client.executable": sys.executable}
        port = str(settings.rest_port or 0)
        options |= {"rest.address": LOOPBACK, "rest.port": port, "rest.bind-port": port}
        options |= {"jobmanager.bind-host": LOOPBACK}
        # The mini cluster cannot start without a REST port, so one that nobody asked for refuses connections.
        options |= CLOSED_TO_PAGES | rest_access("read" if settings.rest_port else "closed")
    if settings.from_savepoint is not None:
        options["execution.state-recovery.path"] = settings.from_savepoint
    if settings.allow_dropped_state:
        options["execution.state-recovery.ignore-unclaimed-state"] = "true"
    return options | dict(connector_options)


def fail_at_once() -> dict[str, str]:
    """Return Flink's options for a job without restarts, which starts from the beginning after a failure."""
    return {"restart-strategy.type": "disable"}


def keep_running(settings: JobSettings) -> dict[str, str]:
    """Return Flink's options for a job that restarts from its last checkpoint after any failure."""
    options = {
        "execution.checkpointing.interval": f"{milliseconds(settings.checkpoint_interval)} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        # With Flink's default of 0, a failed checkpoint restarts the job, which then repeats all scoring
        # since the last checkpoint.
        "execution.checkpointing.tolerable-failed-checkpoints": str(2**31 - 1),
        # Unlimited restarts: an hour without network must not require a manual restart of the job.
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "1 s",
        "restart-strategy.exponential-delay.max-backoff": "1 min",
    }
    if settings.checkpoint_dir is not None:
        options["execution.checkpointing.dir"] = settings.checkpoint_dir
    elif not is_on_cluster():
        # Flink's default keeps checkpoints in the JobManager's memory, limited to 5 MB each.
        options["execution.checkpointing.dir"] = absolute_uri(LOCAL_CHECKPOINTS)
        options["execution.checkpointing.externalized-checkpoint-retention"] = "DELETE_ON_CANCELLATION"
    return options


def is_on_cluster() -> bool:
    """Whether this process was started by a cluster's client (``flink run``, Managed Flink)."""
    return "PYFLINK_GATEWAY_PORT" in os.environ


def milliseconds(duration: timedelta) -> int:
    """Return a timedelta in milliseconds, rounded to a whole number."""
    return round(duration.total_seconds() * 1000)


def absolute_uri(path: Path) -> str:
    """Return the ``file:`` URI of a local path in the form that Flink expects."""
    # Flink does not decode URIs: an escape sequence would become part of the file name.
    return f"file://{path.resolve()}"
