"""The Flink side of the settings: the JVM's environment, and the configuration of the job."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from fraudstream.catalogue import Catalogue
from fraudstream.settings import ROOT, Settings

JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
"""The kernel and the Kinesis connector, as `make setup` builds it."""
LOCAL_CHECKPOINTS: Final = ROOT / "build" / "checkpoints"
"""Where the local mini cluster keeps its checkpoints unless the settings say otherwise."""
STATE_TTL_MARGIN_MS: Final = 3_600_000
"""State is kept this much longer than any window can ask for."""


def prepare_jvm(settings: Settings) -> None:
    """Set what the JVM must find in its environment; to be called before PyFlink starts it.

    The jar goes on the class path of the JVM itself: in the local mini cluster the client compiles
    code that names the kernel's functions, and a jar that is only attached to the job is not seen
    there. Under ``flink run`` or Managed Flink the JVM runs already, with the jar, and this is void.
    """
    if JAR.is_file():
        os.environ["HADOOP_CLASSPATH"] = str(JAR)
    os.environ.setdefault("AWS_REGION", settings.aws_region)
    if settings.is_emulator:
        # Emulators do not speak CBOR; the source's SDK and the sink's each have their own switch.
        os.environ["AWS_CBOR_DISABLE"] = "true"
        os.environ["CBOR_ENABLED"] = "false"


def table_environment(
    execution: StreamExecutionEnvironment, settings: Settings, catalogue: Catalogue, *, model_version: str
) -> StreamTableEnvironment:
    """Return an environment that is set up for the job: configuration, parameters, kernel functions."""
    environment = StreamTableEnvironment.create(execution)
    config = environment.get_config()
    for key, value in flink_configuration(settings, catalogue).items():
        config.set(key, value)
    for name, value in job_parameters(settings, catalogue, model_version=model_version).items():
        config._j_table_config.addJobParameter(name, value)  # noqa: SLF001 - PyFlink leaves it out
    for name, java_class in KERNEL_FUNCTIONS.items():
        environment.create_java_temporary_system_function(name, f"fraudstream.kernel.{java_class}")
    return environment


KERNEL_FUNCTIONS: Final = {
    "parse_transaction": "ParseTransaction",
    "account_features": "AccountFeatures",
    "features_json": "FeaturesJson",
    "scored_json": "ScoredJson",
    "dead_letter_json": "DeadLetterJson",
}


def job_parameters(settings: Settings, catalogue: Catalogue, *, model_version: str) -> dict[str, str]:
    """Return what the kernel's ``JobParameters`` reads."""
    # A file's transactions lie in the past or wherever their owner put them: no clock judges them.
    future_tolerance_ms = -1 if settings.source else milliseconds(settings.future_tolerance)
    return {
        "fraudstream.catalogue": catalogue.to_json(),
        "fraudstream.catalogue-version": catalogue.version,
        "fraudstream.model-version": model_version,
        "fraudstream.max-record-bytes": str(settings.max_record_bytes),
        "fraudstream.future-tolerance-ms": str(future_tolerance_ms),
        "fraudstream.allowed-lateness-ms": str(milliseconds(settings.allowed_lateness)),
    }


def flink_configuration(settings: Settings, catalogue: Catalogue) -> dict[str, str]:
    """Return Flink's options; every key is one that Flink 1.20 and 2.x both take."""
    allowed_lateness_ms = milliseconds(settings.allowed_lateness)
    state_ttl_ms = catalogue.reach_ms + allowed_lateness_ms + STATE_TTL_MARGIN_MS
    options = {
        "pipeline.name": "fraudstream",
        "pipeline.max-parallelism": str(settings.max_parallelism),
        "pipeline.object-reuse": "true",
        "parallelism.default": str(settings.parallelism),
        "table.exec.resource.default-parallelism": str(settings.parallelism),
        # Identities that follow from the plan alone, so that saved state finds its operator again.
        "table.exec.uid.generation": "ALWAYS",
        "table.exec.state.ttl": f"{state_ttl_ms} ms",
        # Without it each sink gets a source, a parser and a scorer of its own.
        "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
        # Flink's defaults (1,000 ms a bundle, 100 ms a buffer) would be most of an alert's latency.
        "execution.buffer-timeout.interval": "5 ms",
        "python.fn-execution.bundle.size": str(settings.bundle_size),
        "python.fn-execution.arrow.batch.size": str(settings.bundle_size),
        "python.fn-execution.bundle.time": str(settings.bundle_time_ms),
    }
    if not is_on_cluster():
        # A cluster's workers may have their Python elsewhere: it is set there (-pyexec, python.executable).
        options |= {"python.executable": sys.executable, "python.client.executable": sys.executable}
        port = str(settings.rest_port or 0)
        options |= {"rest.address": "127.0.0.1", "rest.bind-address": "127.0.0.1", "rest.port": port}
        options |= {"rest.bind-port": port, "jobmanager.bind-host": "127.0.0.1"}
    return options | (_fail_at_once() if settings.source else _survive_failures(settings))


def _fail_at_once() -> dict[str, str]:
    # A file is read again from its beginning, so there is nothing to restore.
    return {"restart-strategy.type": "disable"}


def _survive_failures(settings: Settings) -> dict[str, str]:
    options = {
        "execution.checkpointing.interval": f"{milliseconds(settings.checkpoint_interval)} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
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
    return path.resolve().as_uri()
