"""``fraudstream load decisions``: options and exit code of a load test of the decision API."""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.stop_signals import stop_on_signals
from producer.load.decision_counts import DecisionCounts
from producer.load.live_display import shown_live
from producer.load.maximum_rate import highest_rate
from producer.load.open_loop import OpenLoop, RequestTarget
from producer.load.request_bodies import TransactionPool
from producer.load.request_options import (
    AccountsOption,
    DurationOption,
    JsonOption,
    KeyOption,
    RateOption,
    SeedOption,
    TimeoutOption,
    TokenOption,
    UrlOption,
    keep_from_collection,
    request_target,
    write_result,
)
from producer.load.request_view import RequestView
from producer.load.send_schedule import schedule_of
from producer.simulation import TrafficOptions

DECISIONS_PATH: Final = "/v1/decisions"
MIN_SUCCEEDED: Final = 0.999
"""Share of requests that a rate must get a decision for, to count as kept."""


@dataclass(frozen=True, slots=True)
class DecisionLoad:
    """Load test of the decision API with the transactions of a pool."""

    target: RequestTarget
    pool: TransactionPool
    console: Console
    stop: threading.Event

    def run(self, rps: float, duration_s: float) -> dict[str, Any]:
        """Send at ``rps`` requests per second for ``duration_s`` seconds; return the summary."""
        schedule = schedule_of(None, rps, duration_s)
        answers = DecisionCounts()
        loop = OpenLoop(self.target, iter(self.pool), schedule, answers.on_answer)

        def counts() -> dict[str, Counter[Any]]:
            with answers.lock:
                return {
                    "profile": Counter(answers.profiles),
                    "risk level": Counter(answers.risk_levels),
                    "problem": Counter(answers.problems),
                }

        with shown_live(RequestView(loop.statistics, schedule, loop.now_s, counts), self.console):
            loop.run(self.stop)
        return loop.statistics.summary(rps) | answers.summary()

    def maximum(self, start_per_s: float, duration_s: float, p99_ms: float) -> dict[str, Any]:
        """Search the highest rate whose 99th percentile is at most ``p99_ms``; return all trials.

        ``maximum_per_s`` is null if no rate passed, or if the search was stopped.
        """
        trials: list[dict[str, Any]] = []

        def passes(rps: float) -> bool:
            if self.stop.is_set():
                return False
            trials.append(self.run(rps, duration_s))
            return _is_kept(trials[-1], p99_ms)

        highest = highest_rate(passes, start_per_s)
        found = None if highest is None or self.stop.is_set() else round(highest, 1)
        return {"maximum_per_s": found, "p99_limit_ms": p99_ms, "trials": trials}


def _is_kept(trial: dict[str, Any], p99_ms: float) -> bool:
    reached = trial["latency_ms"]["p99"]
    return (
        reached is not None
        and reached <= p99_ms
        and trial["succeeded"] >= MIN_SUCCEEDED * trial["sent"]
        and trial["lost"] == 0
    )


def decisions(  # noqa: PLR0913 - the options of a command line
    *,
    url: UrlOption = None,
    key: KeyOption = None,
    token: TokenOption = None,
    rps: RateOption = 500.0,
    duration: DurationOption = 60.0,
    accounts: AccountsOption = 100_000,
    seed: SeedOption = 7,
    timeout: TimeoutOption = 10.0,
    maximum: Annotated[
        bool,
        typer.Option("--maximum", help="Search the highest rate that keeps --p99-ms, from --rps on"),
    ] = False,
    p99_ms: Annotated[
        float, typer.Option(min=0.1, help="Highest 99th percentile of the latency, with --maximum")
    ] = 25.0,
    json_file: JsonOption = None,
) -> None:
    """Ask the decision API for decisions by an open-loop schedule, and measure the latency of its answers.

    Latency counts from the scheduled time of a request. Exits with code 0 if every request got a decision,
    else with 1; with --maximum, 1 if no rate passed.
    """
    console = Console(soft_wrap=True)
    target = request_target(url, key, token, DECISIONS_PATH, timeout)
    stop = stop_on_signals()
    traffic = TrafficOptions(seed=seed, accounts=accounts, start_ms=0)
    pool = TransactionPool(traffic, round(rps * duration) + 1, wall_clock_ms)
    keep_from_collection()
    load = DecisionLoad(target, pool, console, stop)
    result = load.maximum(rps, duration, p99_ms) if maximum else load.run(rps, duration)
    write_result(result, json_file, console)
    has_passed = result["maximum_per_s"] is not None if maximum else result["succeeded"] == result["sent"] > 0
    raise typer.Exit(0 if has_passed else 1)
