"""The Flink side of the settings: the JVM's environment, and the configuration of the job."""

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings
from jobs.python_mode import python_mode, python_path

JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
"""The kernel and the Kinesis connector, as `make setup` builds it."""
LOCAL_CHECKPOINTS: Final = ROOT / "build" / "checkpoints"
"""Where the local mini cluster keeps its checkpoints unless the settings say otherwise."""


def start_jvm(variables: Mapping[str, str]) -> None:
    """Let PyFlink start its JVM, with the environment variables that it must find; once for a process.

    The jar goes on the class path of the JVM itself: in the local mini cluster the client compiles
    code that names the kernel's functions, and a jar that is only attached to the job is not seen
    there. Under ``flink run`` or Managed Flink the JVM runs already, with the jar, and this is void.
    """
    if JAR.is_file():
        os.environ["HADOOP_CLASSPATH"] = str(JAR)
    os.environ.update(variables)
    with python_path():
        get_gateway()


def execution_environment(
    settings: JobSettings, connector_options: Mapping[str, str]
) -> StreamExecutionEnvironment:
    """Return an environment with the job's configuration, in the JVM that was started."""
    configuration = Configuration()
    for key, value in flink_configuration(settings, connector_options).items():
        configuration.set_string(key, value)
    return StreamExecutionEnvironment.get_execution_environment(configuration)


def flink_configuration(settings: JobSettings, connector_options: Mapping[str, str]) -> dict[str, str]:
    """Return Flink's options, the connector's among them; Flink 1.20 and 2.x both take every key."""
    options = {
        "pipeline.name": "fraudstream",
        "pipeline.max-parallelism": str(settings.max_parallelism),
        "pipeline.object-reuse": "true",
        "parallelism.default": str(settings.parallelism),
        "table.exec.resource.default-parallelism": str(settings.parallelism),
        # Identities that follow from the plan alone, so that saved state finds its operator again.
        "table.exec.uid.generation": "ALWAYS",
        "state.backend.type": settings.state_backend,
        # Flink's default of 100 ms a buffer would be most of an alert's latency.
        "execution.buffer-timeout.interval": "5 ms",
        "python.execution-mode": python_mode(settings, is_on_cluster=is_on_cluster()),
        # What reaches Python is a whole batch already: it goes there at once.
        "python.fn-execution.bundle.size": "1",
    }
    if not is_on_cluster():
        # A cluster's workers may have their Python elsewhere: it is set there (-pyexec, python.executable).
        options |= {"python.executable": sys.executable, "python.client.executable": sys.executable}
        port = str(settings.rest_port or 0)
        options |= {"rest.address": "127.0.0.1", "rest.bind-address": "127.0.0.1", "rest.port": port}
        options |= {"rest.bind-port": port, "jobmanager.bind-host": "127.0.0.1"}
    if settings.from_savepoint is not None:
        options["execution.state-recovery.path"] = settings.from_savepoint
    if settings.allow_dropped_state:
        options["execution.state-recovery.ignore-unclaimed-state"] = "true"
    return options | dict(connector_options)


def fail_at_once() -> dict[str, str]:
    """Return Flink's options for a job that is started again from the beginning after a failure."""
    return {"restart-strategy.type": "disable"}


def keep_running(settings: JobSettings) -> dict[str, str]:
    """Return Flink's options for a job that restarts after any failure, from its last checkpoint."""
    options = {
        "execution.checkpointing.interval": f"{milliseconds(settings.checkpoint_interval)} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        # By Flink's default of 0 each that fails restarts the job, which scores all since the last one again.
        "execution.checkpointing.tolerable-failed-checkpoints": str(2**31 - 1),
        # Without an end: an hour without network must not need a person to start the job again.
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "1 s",
        "restart-strategy.exponential-delay.max-backoff": "1 min",
    }
    if settings.checkpoint_dir is not None:
        options["execution.checkpointing.dir"] = settings.checkpoint_dir
    elif not is_on_cluster():
        # Flink's default keeps checkpoints in the JobManager's memory, 5 MB each at most.
        options["execution.checkpointing.dir"] = absolute_uri(LOCAL_CHECKPOINTS)
        options["execution.checkpointing.externalized-checkpoint-retention"] = "DELETE_ON_CANCELLATION"
    return options


def is_on_cluster() -> bool:
    """Whether a cluster's client (``flink run``, Managed Flink) started this process."""
    return "PYFLINK_GATEWAY_PORT" in os.environ


def milliseconds(duration: timedelta) -> int:
    """Return the whole milliseconds of a timedelta."""
    return round(duration.total_seconds() * 1000)


def absolute_uri(path: Path) -> str:
    """Return the ``file:`` URI that Flink takes for a local path."""
    # Flink takes a path as it stands: an escape in it would be part of a name.
    return f"file://{path.resolve()}"
