"""Command ``fraudstream``, with a subcommand for each program of the source tree.

Programs are listed by module name, and only the selected one is imported: help appears at once, and only the
program that runs needs its packages installed. ``python -m MODULE`` works as well.
"""

import difflib
import runpy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fraudstream.runtime.project_root import find_project_root

USAGE_ERROR: Final = 2
HELP_OPTIONS: Final = frozenset({"-h", "--help", "help"})


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the source tree: the module to run as ``__main__`` and its line in the help."""

    module: str
    summary: str


COMMANDS: Final = {
    "run": Command("localrun", "Run emulator, job and producer on this machine, with a live view"),
    "job": Command("jobs.feature_job", "Run the Flink job: features, scores, alerts"),
    "produce": Command("producer", "Generate transactions: to a stream, as a load test, to CSV or Parquet"),
    "load": Command("producer.load", "Load test: of a stream, the decision API, the ingestion gateway"),
    "api": Command("producer.api", "Serve the transaction API, or make a key for it"),
    "serve": Command("serving", "Serve the decision API and the ingestion gateway, or make a key for them"),
    "transaction-table": Command(
        "serving.transaction_table", "Fill the table of each account's transactions from the streams"
    ),
    "profiles": Command(
        "serving.profiles_command", "Look into a profile store, create, rebuild or expire it"
    ),
    "alerts": Command("alerts", "Show, deliver, replay and compare alerts; redrive dead letters"),
    "models": Command("models", "Train, evaluate and explain models"),
    "streams": Command("streams", "Archive a stream to a file"),
    "emulator": Command("localstack.emulator", "Serve an emulation of AWS on this machine"),
    "create-streams": Command("localstack.streams", "Create the streams of the settings on an emulator"),
    "create-tables": Command("localstack.tables", "Create the DynamoDB tables on an emulator"),
    "bench": Command("benchmarks", "Benchmark the job against other implementations"),
    "profile": Command("benchmarks.profiling", "Profile the job"),
    "drill": Command("drills", "Inject faults into the running job and account for every transaction"),
    "soak": Command("drills.soak", "Soak test: run the job under load and check that nothing grows"),
    "package": Command("deploy.package", "Write the archive of Python modules for `flink run`"),
    "managed-flink": Command(
        "deploy.managed_flink", "Write the archive for Managed Service for Apache Flink"
    ),
    "lambda-alerts": Command("deploy.lambda_alerts", "Write the archive of the Lambda function for alerts"),
}
EXAMPLES: Final = (
    "fraudstream run --transactions 20000 --rate 500",
    "fraudstream emulator --port 4566",
    "fraudstream job --source transactions.jsonl --alerts-out alerts.jsonl",
    "fraudstream alerts tail",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named by the first argument; return its exit code, or 2 if it can't be started.

    The exit code of a program that raises `SystemExit` is passed through. ``arguments`` defaults to the
    command line of the process.
    """
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    if name in HELP_OPTIONS:
        sys.stdout.write(help_text())
        return 0
    problem = _problem(name)
    if problem is not None:
        sys.stderr.write(problem)
        return USAGE_ERROR
    _run(name, rest)
    return 0


def help_text() -> str:
    """Return the help: usage, every command with its summary, and examples."""
    width = max(map(len, COMMANDS))
    commands = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    lines = (
        "Usage: fraudstream COMMAND [ARGUMENTS]",
        "",
        "Real-time fraud detection on a stream of bank transactions.",
        "",
        "Commands; each shows its options with `fraudstream COMMAND --help`:",
        *commands,
        "",
        "Examples:",
        *(f"  {example}" for example in EXAMPLES),
    )
    return "\n".join(lines) + "\n"


def _problem(name: str) -> str | None:
    """Return the error message, in whole lines, if the command can't be run here; None if it can."""
    if not name:
        return help_text()
    if name not in COMMANDS:
        nearest = difflib.get_close_matches(name, (*COMMANDS, "help"), n=1)
        hint = f"did you mean `fraudstream {nearest[0]}`?" if nearest else "see `fraudstream --help`"
        return f"error: unknown command {name!r}; {hint}\n"
    return None if _is_here(COMMANDS[name].module) else _MISSING.format(name=name)


_MISSING: Final = (
    "error: `fraudstream {name}` needs a checkout, but fraudstream is installed from a wheel: clone the "
    "repository, run `make setup` there and use its .venv/bin/fraudstream\n"
)


def _is_here(module: str) -> bool:
    """Whether the source tree has the module. A package of that name outside the tree doesn't count."""
    root = find_project_root()
    if root is None:
        return False
    path = root.joinpath(*module.split("."))
    return (path / "__main__.py").is_file() or path.with_suffix(".py").is_file()


def _run(name: str, arguments: list[str]) -> None:
    """Run a command's module as ``__main__``, as ``python -m`` does."""
    root = str(find_project_root())
    if root not in sys.path:
        sys.path.insert(0, root)
    # Click and argparse show sys.argv[0] as the program's name, Click only if __main__ has no package.
    sys.argv = [f"fraudstream {name}", *arguments]
    sys.modules["__main__"].__package__ = None
    runpy.run_module(COMMANDS[name].module, run_name="__main__")
