"""Parity check of the decision engine with the running job: ``python -m benchmarks.parity --store URL``."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from pydantic import SecretStr
from rich.console import Console

from benchmarks.parity_check import ParityCheck, ParityError, ParityReport
from benchmarks.parity_traffic import ParityTraffic
from benchmarks.stream_parity_job import StreamParityJob
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.online.circuit_breaker import CircuitBreaker
from fraudstream.online.decision_engine import DecisionEngine, DecisionPolicy
from fraudstream.online.online_kernel import KernelLimits, OnlineKernel
from fraudstream.online.profile_reading import ProfileReader
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.runtime.clock import monotonic_ms, wall_clock_ms
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.terminal import write_error
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.scorer import Scorer
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from localrun.job_process import job_process
from localrun.logged_process import ProcessEndedError
from localrun.run_endpoint import run_endpoint
from localrun.served_system import new_hash_key
from localstack.emulator import EmulatorError
from localstack.streams import create_streams

HISTORY: Final = 4_600
"""More than the rows that a history keeps, so that the hot account and merchant have panes."""
FAILURES: Final = (
    EmulatorError,
    ParityError,
    ProcessEndedError,
    ProfileStoreError,
    SettingsError,
    StreamError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParitySize:
    """The decisions to compare, the transactions of a round, and the random seed."""

    transactions: int
    slots: int = 250
    seed: int = 7


def check_parity(url: SecretStr, endpoint_url: str, logs: Path, size: ParitySize) -> ParityReport:
    """Run a job that writes to the store, and compare decisions with its results.

    The streams of the settings must exist at the endpoint and be empty. Raises one of `FAILURES`.
    """
    hash_key = new_hash_key()
    arguments = ["--aws-endpoint-url", endpoint_url]
    settings = JobSettings.load(arguments)
    variables = {
        "FRAUDSTREAM_PROFILE_STORE": url.get_secret_value(),
        "FRAUDSTREAM_HASH_KEY": hash_key,
        # Each round waits for the store; a large history waits several intervals.
        "FRAUDSTREAM_PROFILE_INTERVAL": "100ms",
    }
    traffic = ParityTraffic(size.seed, size.slots, wall_clock_ms())
    with job_process(arguments, logs / "parity-job.log", variables) as job, _engine(url, hash_key) as engine:
        job.wait_until_reading(threading.Event())
        client = kinesis_client(settings)
        store = profile_store(url)
        try:
            check = ParityCheck(engine, store, StreamParityJob(client, settings, job.check))
            check.prepare(traffic.history(HISTORY))
            return check.run(traffic.rounds(size.transactions))
        finally:
            store.close()


@contextlib.contextmanager
def _engine(url: SecretStr, hash_key: str) -> Iterator[DecisionEngine]:
    """Yield an engine with the defaults of the decision API."""
    store = profile_store(url)
    reader = ProfileReader(store, wall_clock_ms, CircuitBreaker(monotonic_ms))
    kernel = OnlineKernel(BUILT_IN, KernelLimits(), hash_key)
    decider = Decider(Scorer.load(ROOT / "models" / "v1", BUILT_IN), BUILT_IN, None)
    try:
        yield DecisionEngine(kernel, reader, decider, DecisionPolicy(), wall_clock_ms)
    finally:
        store.close()


def main(
    *,
    store: Annotated[
        str | None,
        typer.Option(envvar="SERVE_STORE", help="URL of the profile store (default: a SQLite file)"),
    ] = None,
    transactions: Annotated[int, typer.Option(min=1, help="Decisions to compare")] = 20_000,
    slots: Annotated[int, typer.Option(min=2, help="Transactions of a round, which share no entity")] = 250,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the transactions")] = 7,
    out: Annotated[Path, typer.Option(help="Output file of the result")] = ROOT / "build" / "parity.json",
) -> None:
    """Compare decisions on the profiles that the job writes with what the job computes, bit for bit.

    Each round is asked about once the store has the histories of the last one, and then sent. Exits with code
    0 if every outcome, feature and score is the same, else with 1.
    """
    console = Console(soft_wrap=True)
    with TemporaryDirectory(prefix="fraudstream-parity-") as folder:
        url = SecretStr(store or f"sqlite:{folder}/profiles.sqlite")
        try:
            with run_endpoint(None) as endpoint_url:
                settings = JobSettings.load(["--aws-endpoint-url", endpoint_url])
                create_streams(kinesis_client(settings), settings, wait_s=60)
                size = ParitySize(transactions=transactions, slots=slots, seed=seed)
                report = check_parity(url, endpoint_url, out.parent, size)
        except FAILURES as error:
            write_error(f"error: {error}")
            raise typer.Exit(1) from None
    text = json.dumps(report.summary(), indent=2)
    out.write_text(text + "\n")
    console.print(text, markup=False, highlight=False)
    raise typer.Exit(1 if report.different else 0)


if __name__ == "__main__":
    run_command(main)
