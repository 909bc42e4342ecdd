"""Page of the decision API's figures, from the results of every store that was measured."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import describe_machine

HEAD: Final = """# Decision latency

Written by `python -m benchmarks.online_decisions`: the [load test](load.md#decision-api) of the decision API,
with reasons, from a client on the same machine. Latency counts from the scheduled time of a request. *Lag* is
how far the profiles of the answers are behind; without a job, a thread reports progress twice a second, as a
job without transactions does.

{machine}

"""
COLUMNS: Final = (
    "store",
    "requests/s",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "max ms",
    "fresh",
    "lag p50 / p99 ms",
    "lost",
    "highest rate/s",
)


def write_page(
    results: Path, page: Path, name: str, result: Mapping[str, Any], facts: dict[str, str | int]
) -> None:
    """Add a result to the file of results, in place of one of that name, and write the page of them all."""
    known: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {}
    known[name] = dict(result)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(known, indent=2) + "\n")
    page.write_text(decisions_page(known, facts))


def decisions_page(results: Mapping[str, Mapping[str, Any]], facts: dict[str, str | int]) -> str:
    """Return the page; ``results`` are summaries of the load test by the name of their store."""
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        f"| --- | {' | '.join(['---:'] * (len(COLUMNS) - 1))} |",
        *(f"| {' | '.join(_row(name, result))} |" for name, result in sorted(results.items())),
    ]
    banks = [
        f"{name}: {result['bank']['accounts']:,} accounts, {result['bank']['days']:g} days of history with "
        f"{result['bank']['per_day']:g} transactions per account and day, {result['workers']} worker(s) "
        "of the service."
        for name, result in sorted(results.items())
    ]
    return HEAD.format(machine=describe_machine(facts)) + "\n".join([*lines, "", *banks]) + "\n"


def _row(name: str, result: Mapping[str, Any]) -> list[str]:
    latency, lag = result["latency_ms"], result["profile_lag_ms"]
    share = result["fresh_share"]
    return [
        name,
        _number(result["requests_per_s"]),
        *(_number(latency[each]) for each in ("p50", "p90", "p99", "max")),
        "-" if share is None else f"{share:.1%}",
        f"{_number(lag['p50'])} / {_number(lag['p99'])}",
        f"{result['lost']:,}",
        _number(result.get("maximum_per_s")),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
