"""Sequence of faults on a shared cluster, each with its own job and streams."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from deploy.package import package
from drills.arrivals import JournalError
from drills.cluster import ClusterError, renew_taskmanager, session_cluster
from drills.drill_view import DrillView
from drills.emulator_environment import emulator_environment, with_own_streams
from drills.endpoint import FaultyEndpoint
from drills.faults.fault import Fault
from drills.live_job import Launcher
from drills.load import SEED, Effort
from drills.root_rights import RootCommandError
from drills.stage import Bench, Stage
from drills.verdict import Verdict, judge
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from localstack.emulator import embedded_emulator
from localstack.streams import create_streams

CHECKPOINT_INTERVAL: Final = "3s"
"""Shorter than the job's default, so that a short load has some checkpoints, and records after them."""
LOGS: Final = ROOT / "build" / "drill"
"""Folder of the logs of faults that could not be judged."""
CREATION_TIMEOUT_S: Final = 60.0
ERRORS: Final = (
    ClusterError,
    JournalError,
    RootCommandError,
    StreamError,
    OSError,
    ClientError,
    BotoCoreError,
    TimeoutExpired,
)
"""Errors that end the drill of one fault only."""


@dataclass
class DrillResults:
    """Verdicts so far, and the reasons by fault for those that could not be judged, or were left out."""

    verdicts: list[Verdict] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def is_survived(self) -> bool:
        """Whether every fault that was not skipped was judged and survived."""
        return not self.failures and all(verdict.is_survived for verdict in self.verdicts)


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """Run an emulator and a cluster while the block runs; their files are deleted afterwards."""
    with (
        _emulator_credentials(),
        tempfile.TemporaryDirectory(prefix="fraudstream-drill-") as temporary,
        embedded_emulator() as url,
    ):
        folder = Path(temporary)
        archive = folder / "fraudstream-python.zip"
        package(archive)
        # A command-line option has the highest precedence: a drill must never reach another endpoint.
        settings = JobSettings.load(["--aws-endpoint-url", url], env_file=None)
        environment = emulator_environment(settings) | {
            "FRAUDSTREAM_CHECKPOINT_INTERVAL": CHECKPOINT_INTERVAL
        }
        (folder / "cluster").mkdir()
        with session_cluster(folder / "cluster", environment) as cluster:
            yield Bench(Launcher(cluster, archive), url, settings, folder)


@contextlib.contextmanager
def _emulator_credentials() -> Iterator[None]:
    """Replace this process's AWS credentials by dummies while the block runs.

    The emulator accepts any credentials, and real ones must not be sent to it.
    """
    own = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    hidden = {
        name: os.environ.pop(name)
        for name in (*own, "AWS_SESSION_TOKEN", "AWS_PROFILE", "LOCALSTACK_HOST")
        if name in os.environ
    }
    os.environ |= own
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]
        os.environ |= hidden


def run(
    faults: Sequence[Fault],
    effort: Effort,
    view: DrillView,
    save: Callable[[DrillResults], None] = lambda _: None,
) -> DrillResults:
    """Inject and judge each fault for which this process has the rights.

    After a fault that can't be judged, the cluster is replaced.
    ``save`` receives the results so far after each fault.
    """
    results = DrillResults(
        skipped={each.name: f"needs {each.needs}" for each in faults if not each.is_possible}
    )
    waiting = [each for each in faults if each.is_possible]
    while waiting:
        with bench() as shared:
            is_sound = True
            while waiting and is_sound:
                is_sound = _run_drill(waiting.pop(0), shared, effort, view, results)
                save(results)
    return results


def _run_drill(fault: Fault, shared: Bench, effort: Effort, view: DrillView, results: DrillResults) -> bool:
    """Drill one fault; returns False if it could not be judged, so that the cluster must be replaced."""
    view.begin(fault.name)
    try:
        verdict = drill(fault, shared, effort, view)
    except ERRORS as error:
        logs = _kept_logs(shared, fault.name)
        results.failures[fault.name] = f"{str(error).splitlines()[0]}; the cluster's logs are in {logs}"
        view.failed(fault.name, results.failures[fault.name])
        return False
    results.verdicts.append(verdict)
    view.judged(verdict)
    return True


def _kept_logs(shared: Bench, name: str) -> Path:
    """Copy the logs of the cluster to a folder that outlives it; return its path from the root."""
    target = LOGS / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(shared.launcher.cluster.folder / "log", target)
    return target.relative_to(ROOT)


def drill(fault: Fault, shared: Bench, effort: Effort, view: DrillView) -> Verdict:
    """Inject ``fault`` into a job under load and return the verdict."""
    renew_taskmanager(shared.launcher.cluster)
    settings = with_own_streams(shared.settings, fault.name)
    create_streams(kinesis_client(settings), settings, wait_s=CREATION_TIMEOUT_S)
    effort = replace(effort, rate=fault.pace * effort.rate)
    items = fault.load(effort, wall_clock_ms())
    with contextlib.closing(FaultyEndpoint(shared.emulator_url, SEED)) as endpoint:
        stage = Stage(
            shared, settings, endpoint, effort=effort, items=items, options=fault.options, say=view.tell
        )
        with fault.prepared(stage), contextlib.closing(stage):
            if fault.has_consumer:
                stage.start_consumer(has_table=fault.has_consumer_table)
            stage.start_job(parallelism=fault.parallelism, catalogue=fault.catalogue)
            stage.sender.start()
            stage.wait_until_under_way(awaits_checkpoint=fault.awaits_checkpoint)
            fault.strike(stage)
            stage.wait_until_all_is_there()
    stage.tell("comparing")
    evidence = stage.evidence(may_repeat=fault.may_repeat, skew_ms=fault.skew_ms)
    return replace(judge(fault.name, stage.expected_output(), evidence), may_lose=fault.may_lose)
