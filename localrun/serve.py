"""Command line of `make serve`: ``python -m localrun.serve`` runs the whole system with the decision API."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from pydantic import SecretStr
from rich.console import Console

from fraudstream.profiles.profile_rows import ProfileProgress
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStore, ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.loopback import is_loopback_host, occupied
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from fraudstream.runtime.stop_signals import stop_on_signals
from fraudstream.runtime.terminal import shown
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.stream_errors import StreamError
from jobs.job_settings import JobSettings
from jobs.job_settings_fields import HASH_KEY
from localrun.curl_lines import curl_lines
from localrun.job_process import JobProcess, job_process
from localrun.logged_process import LoggedProcess, ProcessEndedError
from localrun.run_endpoint import run_endpoint
from localrun.serve_view import ServeView
from localrun.served_system import (
    DECISIONS_STREAM,
    IDEMPOTENCY_TABLE,
    TRANSACTION_TABLE,
    ServedSystem,
    new_hash_key,
)
from localstack.emulator import EmulatorError
from localstack.streams import create_streams
from localstack.tables import create_serving_tables
from producer.simulation import TrafficOptions
from producer.source_bank import bank_items
from producer.transaction_sender import TransactionSender

BATCHES_PER_S: Final = 10
LINE_INTERVAL_S: Final = 5.0
CHECK_INTERVAL_S: Final = 0.5
FAILURES: Final = (EmulatorError, ProcessEndedError, ProfileStoreError, SettingsError, StreamError)


class ServeRun:
    """Runs the parts until it is stopped; `run` returns then, or raises one of `FAILURES`."""

    def __init__(self, system: ServedSystem, traffic: TrafficOptions, rate: float, console: Console) -> None:
        self._system = system
        self._traffic = traffic
        self._rate = rate
        self._console = console

    def run(self, endpoint_url: str | None, logs: Path, stop: threading.Event) -> None:
        """Start every part, print the address and how to use it, and report figures until ``stop``."""
        self._say("starting the emulator, the job and the decision API")
        with contextlib.ExitStack() as parts:
            url = parts.enter_context(run_endpoint(endpoint_url))
            arguments = ["--aws-endpoint-url", url, "--decisions-stream", DECISIONS_STREAM]
            settings = JobSettings.load(arguments)
            create_streams(kinesis_client(settings), settings, wait_s=60)
            create_serving_tables(settings, TRANSACTION_TABLE, IDEMPOTENCY_TABLE)
            key = self._system.make_api_key()
            job = parts.enter_context(job_process(arguments, logs / "job.log", self._system.job_variables()))
            api = parts.enter_context(self._system.decision_api(url, logs))
            table = parts.enter_context(self._system.transaction_table(url, logs))
            job.wait_until_reading(stop)
            self._system.wait_until_ready(api, stop)
            sender = self._sender(settings)
            parts.enter_context(_running(sender, stop))
            if not stop.is_set():
                self._introduce(key, logs)
            self._report(sender, (job, api, table), stop)
        self._say("stopped")

    def _sender(self, settings: JobSettings) -> TransactionSender:
        batch_size = max(1, round(self._rate / BATCHES_PER_S))
        return TransactionSender(
            bank_items(self._traffic),
            StreamWriter(kinesis_client(settings), settings.transactions_stream),
            StreamWriter(kinesis_client(settings), settings.labels_stream),
            batch_size=batch_size,
            interval_s=batch_size / self._rate,
        )

    def _introduce(self, key: str | None, logs: Path) -> None:
        self._say(f"\ndecision API: {self._system.url}   documentation: {self._system.url}/docs")
        self._say(f"key:          {key or 'none, authentication is off'}")
        self._say(f"logs:         {logs}\n")
        for line in curl_lines(self._system.url, key, wall_clock_ms()):
            # markup=False: the brackets and quotes of a command are not markup.
            self._say(line + "\n")
        self._say("Ctrl-C ends everything\n")

    def _report(
        self, sender: TransactionSender, parts: tuple[JobProcess | LoggedProcess, ...], stop: threading.Event
    ) -> None:
        store = profile_store(SecretStr(self._system.store))
        view = ServeView(sender.statistics, lambda: _progress(store), time.monotonic, wall_clock_ms)
        next_line_s = time.monotonic() + LINE_INTERVAL_S
        try:
            while not stop.wait(CHECK_INTERVAL_S):
                for part in parts:
                    part.check()
                if time.monotonic() >= next_line_s:
                    self._say(view.line())
                    next_line_s += LINE_INTERVAL_S
        finally:
            store.close()

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)


def _progress(store: ProfileStore) -> Sequence[ProfileProgress] | None:
    try:
        return store.progress()
    except ProfileStoreError:
        return None


@contextlib.contextmanager
def _running(sender: TransactionSender, stop: threading.Event) -> Iterator[None]:
    """Send in a thread while the block runs; its error sets ``stop`` and is raised at the end."""
    errors: list[Exception] = []

    def send() -> None:
        try:
            sender.run(stop)
        except Exception as error:  # noqa: BLE001 - raised below
            errors.append(error)
            stop.set()

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if errors:
        raise errors[0]


def _check_options(host: str, port: int, auth: str, store: str | None, hash_key: str | None) -> None:
    """Raise ``ValueError`` with option, value and remedy for what no part could start with."""
    problem = None
    if auth not in {"on", "off"}:
        problem = f"--auth {auth}: write on or off"
    elif auth == "off" and not is_loopback_host(host):
        problem = f"--auth off --host {host}: anyone could ask for decisions; use 127.0.0.1, or --auth on"
    elif hash_key is not None and HASH_KEY.fullmatch(hash_key) is None:
        problem = f"--hash-key, of {len(hash_key)} characters: give 32 hexadecimal digits"
    elif (reason := occupied(host, port)) is not None:
        problem = f"--port {port}: {reason}; end the other program, or give another port"
    if problem is not None:
        raise ValueError(problem)
    if store is not None:
        parse_store_url(SecretStr(store))


def main(  # noqa: PLR0913 - the options of a command line
    *,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the decision API")] = 8_000,
    host: Annotated[str, typer.Option(help="Address that the decision API listens on")] = "127.0.0.1",
    auth: Annotated[str, typer.Option(help="off: requests need no key, on this machine only")] = "on",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of the decision API")] = 1,
    rate: Annotated[
        float, typer.Option(min=0.1, help="Transactions that the producer sends per second")
    ] = 100,
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts of the simulated bank")] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the simulated bank")] = 7,
    store: Annotated[
        str | None,
        typer.Option(
            envvar="SERVE_STORE",
            help="URL of the profile store, like redis://127.0.0.1:6379/0 (default: a new SQLite file)",
        ),
    ] = None,
    hash_key: Annotated[
        str | None,
        typer.Option(
            envvar="FRAUDSTREAM_HASH_KEY",
            help="Hash key of the profiles, 32 hexadecimal digits (default: a new one)",
        ),
    ] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(help="URL of an emulator to use instead of the embedded one")
    ] = None,
    logs: Annotated[Path, typer.Option(help="Folder of the parts' logs")] = ROOT / "build" / "serve",
) -> None:
    """Run emulator, job, producer, profile store and decision API until Ctrl-C.

    Exits with code 0 after Ctrl-C or SIGTERM, with 1 if a part failed, with 2 if an option is unusable.
    """
    try:
        _check_options(host, port, auth, store, hash_key)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    stop = stop_on_signals()
    console = Console(soft_wrap=True)
    # Profiles of earlier runs have other hash keys, so an embedded store lasts as long as its run.
    with TemporaryDirectory(prefix="fraudstream-serve-") as name:
        folder = Path(name)
        system = ServedSystem(
            folder=folder,
            host=host,
            port=port,
            has_auth=auth == "on",
            workers=workers,
            store=store or f"sqlite:{folder / 'profiles.sqlite'}",
            hash_key=hash_key or new_hash_key(),
        )
        traffic = TrafficOptions(seed=seed, accounts=accounts, start_ms=wall_clock_ms())
        try:
            ServeRun(system, traffic, rate, console).run(endpoint_url, logs, stop)
        except FAILURES as error:
            console.print(shown(f"error: {error}"), style="red", markup=False, highlight=False)
            raise typer.Exit(1) from None


if __name__ == "__main__":
    run_command(main)
