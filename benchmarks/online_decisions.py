"""Benchmark of the decision API: ``python -m benchmarks.online_decisions --store URL``.

Fills a store of profiles, serves it, and asks for decisions from a client on the same machine.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer
from pydantic import SecretStr
from rich.console import Console

from benchmarks.decisions_page import write_page
from benchmarks.machine import machine
from benchmarks.profile_filling import IdleJob, ProfileFilling
from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.terminal import write_error
from fraudstream.streams.stream_settings import OFF
from localrun.job_process import free_port
from localrun.logged_process import ProcessEndedError, logged_process
from localrun.served_system import ServedSystem, new_hash_key
from producer.simulation import TrafficOptions

FOLDER: Final = ROOT / "build" / "online-decisions"
HASH_KEY_FILE: Final = FOLDER / "hash-key"
RESULTS: Final = FOLDER / "results.json"
PAGE: Final = ROOT / "docs" / "decisions-bench.md"
WARM_UP_S: Final = 15
NO_STREAM: Final = "http://127.0.0.1:9"
"""Endpoint for a service whose streams are not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkBank:
    """The simulated bank whose histories are in the store, and whose transactions are asked about."""

    accounts: int
    days: float
    per_day: float
    seed: int

    def traffic(self) -> TrafficOptions:
        """Return its options for the simulation."""
        return TrafficOptions(
            seed=self.seed,
            accounts=self.accounts,
            transactions_per_account_per_day=self.per_day,
            start_ms=0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Rate in requests per second, length in seconds, and whether to search the highest rate afterwards."""

    rps: float
    duration_s: float
    maximum: bool


def fill(url: SecretStr, bank: BenchmarkBank, console: Console) -> int:
    """Fill the store; return the number of transactions. Raises `ProfileStoreError`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not HASH_KEY_FILE.exists():
        HASH_KEY_FILE.touch(mode=0o600)
        HASH_KEY_FILE.write_text(new_hash_key())
    filling = ProfileFilling(HASH_KEY_FILE.read_text(), wall_clock_ms())
    with console.status("histories") as status:

        def show(done: int, total: int) -> None:
            status.update(f"{done:,} of {total:,}")

        count = filling.apply(bank.traffic(), bank.days, show)
        store = profile_store(url)
        try:
            filled = filling.write(store, show)
        finally:
            store.close()
    console.print(
        f"{count:,} transactions, {filled.profiles:,} profiles, the largest of {filled.largest_bytes:,} "
        f"bytes, the longest history of {filled.most_transactions:,} transactions"
    )
    return count


@contextlib.contextmanager
def idle_job(url: SecretStr) -> Iterator[None]:
    """Keep the profiles of a filled store fresh while the block runs. Raises `ProfileStoreError`."""
    store = profile_store(url)
    try:
        progress = store.progress()
    finally:
        store.close()
    if not progress:
        msg = f"the profile store {parse_store_url(url)} is empty: run this with --fill first"
        raise ProfileStoreError(msg)
    entities = tuple(sorted({each.entity for each in progress}))
    epoch_ms = max(each.epoch_ms for each in progress)
    with IdleJob(lambda: profile_store(url), entities, epoch_ms, wall_clock_ms):
        yield


@contextlib.contextmanager
def served(
    url: SecretStr, workers: int, beside: float | None, bank: BenchmarkBank
) -> Iterator[dict[str, str]]:
    """Serve the store while the block runs; yields the variables of a client.

    With ``beside``, the job writes to the store, at that many transactions per second.
    """
    port = free_port()
    if beside is not None:
        options = ["--port", str(port), "--auth", "off", "--rate", str(beside), "--workers", str(workers)]
        options += ["--accounts", str(bank.accounts), "--seed", str(bank.seed)]
        command = ["-m", "localrun.serve", *options]
        secrets = {"SERVE_STORE": url.get_secret_value(), "FRAUDSTREAM_HASH_KEY": HASH_KEY_FILE.read_text()}
        with logged_process(command, "make serve", FOLDER / "serve.log", secrets) as process:
            system = _system(FOLDER, port, workers, url, has_auth=False)
            system.wait_until_ready(process, threading.Event())
            yield {"DECISION_API_URL": system.url}
        return
    with TemporaryDirectory(prefix="fraudstream-bench-") as name, idle_job(url):
        system = _system(Path(name), port, workers, url, has_auth=True)
        key = system.make_api_key()
        with system.decision_api(NO_STREAM, FOLDER) as api:
            system.wait_until_ready(api, threading.Event())
            yield {"DECISION_API_URL": system.url, "DECISION_API_KEY": key or ""}


def _system(folder: Path, port: int, workers: int, url: SecretStr, *, has_auth: bool) -> ServedSystem:
    return ServedSystem(
        folder=folder,
        host="127.0.0.1",
        port=port,
        has_auth=has_auth,
        workers=workers,
        store=url.get_secret_value(),
        hash_key=HASH_KEY_FILE.read_text(),
        decisions_stream=OFF,
    )


def ask(client: dict[str, str], bank: BenchmarkBank, options: list[str]) -> dict[str, Any]:
    """Run the load test in a process of its own; return its summary, also if requests failed."""
    out = FOLDER / "load.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "producer.load", "decisions", "--json", str(out), *options]
    command += ["--accounts", str(bank.accounts), "--seed", str(bank.seed)]
    subprocess.run(command, cwd=ROOT, env=os.environ | client, check=False)
    summary: dict[str, Any] = json.loads(out.read_text())
    return summary


def main(  # noqa: PLR0913 - the options of a command line
    *,
    store: Annotated[
        str, typer.Option(envvar="SERVE_STORE", help="URL of the profile store")
    ] = f"sqlite:{FOLDER / 'profiles.sqlite'}",
    fill_store: Annotated[
        bool, typer.Option("--fill/--keep", help="Fill the store, or use it as an earlier run filled it")
    ] = True,
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts")] = 100_000,
    days: Annotated[float, typer.Option(min=0.01, help="Days of history")] = 30,
    per_day: Annotated[float, typer.Option(min=0.01, help="Transactions per account and day")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the simulated bank")] = 7,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of the decision API")] = 1,
    rps: Annotated[float, typer.Option(min=0.1, help="Requests per second")] = 500,
    duration: Annotated[float, typer.Option(min=1, help="Length of the measurement in seconds")] = 60,
    maximum: Annotated[bool, typer.Option("--maximum", help="Then search the highest rate")] = False,
    beside: Annotated[
        float | None,
        typer.Option(min=0.1, help="Transactions per second of a job that writes to the store meanwhile"),
    ] = None,
) -> None:
    """Measure the latency of decisions and write docs/decisions-bench.md; results of other stores are kept.

    Exits with code 1 if a request got no decision.
    """
    console = Console(soft_wrap=True)
    url = SecretStr(store)
    bank = BenchmarkBank(accounts=accounts, days=days, per_day=per_day, seed=seed)
    try:
        name = parse_store_url(url).scheme + (f", job at {beside:g} tx/s" if beside else "")
        if fill_store:
            fill(url, bank, console)
        with served(url, workers, beside, bank) as client:
            for rate in (rps / 4, rps):  # the JVM compiles and the operating system loads what is needed
                ask(client, bank, ["--rps", str(rate), "--duration", str(WARM_UP_S)])
            result = ask(client, bank, ["--rps", str(rps), "--duration", str(duration)])
            if maximum:
                found = ask(client, bank, ["--rps", str(rps), "--duration", "15", "--maximum"])
                result["maximum_per_s"] = found["maximum_per_s"]
    except (ProfileStoreError, ProcessEndedError, ValueError) as error:
        write_error(str(error))
        raise typer.Exit(1) from None
    write_page(RESULTS, PAGE, name, result | {"workers": workers, "bank": vars_of(bank)}, machine())
    raise typer.Exit(0 if result["succeeded"] == result["sent"] else 1)


def vars_of(bank: BenchmarkBank) -> dict[str, float]:
    """Return the options of a bank, JSON-ready."""
    return {"accounts": bank.accounts, "days": bank.days, "per_day": bank.per_day, "seed": bank.seed}


if __name__ == "__main__":
    run_command(main)
