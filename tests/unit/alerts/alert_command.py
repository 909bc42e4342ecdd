"""Run ``python -m alerts`` inside the test's own process, which avoids the start-up time."""

from subprocess import CompletedProcess

from typer.testing import CliRunner

from alerts.__main__ import app


def alerts_command(*arguments: object) -> "CompletedProcess[str]":
    """Run the command line like a process would."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return CompletedProcess(
        [str(argument) for argument in arguments], done.exit_code, done.stdout, done.stderr
    )
