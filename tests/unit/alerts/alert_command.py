"""``python -m alerts`` within the test's own process, which takes no second to start."""

import signal
from subprocess import CompletedProcess

from typer.testing import CliRunner

from alerts.__main__ import app


def alerts_command(*arguments: object) -> "CompletedProcess[str]":
    """Run the command line as a process would, and give the signals back to the test afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return CompletedProcess(
        [str(argument) for argument in arguments], done.exit_code, done.stdout, done.stderr
    )
