"""Run ``python -m alerts`` inside the test's own process, which avoids the start-up time."""

import signal
from subprocess import CompletedProcess

from typer.testing import CliRunner

from alerts.__main__ import app


def alerts_command(*arguments: object) -> "CompletedProcess[str]":
    """Run the command line like a process would, and restore the test's signal handlers afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return CompletedProcess(
        [str(argument) for argument in arguments], done.exit_code, done.stdout, done.stderr
    )
