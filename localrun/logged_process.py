"""A program of the project as a child process: its output goes to a file, and its end is an error."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process

END_TIMEOUT_S: Final = 30.0
LOG_LINES: Final = 20


class ProcessEndedError(Exception):
    """A program did not start, or ended too early. The message has the end of its log."""


class LoggedProcess:
    """A running program; ``name`` is what messages call it."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, log: Path) -> None:
        self._process = process
        self._name = name
        self._log = log

    def check(self) -> None:
        """Raise `ProcessEndedError` if the program has ended."""
        code = self._process.poll()
        if code is not None:
            what = f"{self._name} exited with code {code}"
            raise self.error(what)

    def error(self, what: str) -> ProcessEndedError:
        """Return an error that says ``what`` happened and has the end of the log."""
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        return ProcessEndedError(f"{what}; the end of {self._log}:\n{tail}")


@contextmanager
def logged_process(
    arguments: Sequence[str], name: str, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[LoggedProcess]:
    """Run Python with ``arguments`` in the project's folder while the block runs; its output goes to ``log``.

    ``variables`` are added to the environment. The process does not receive the terminal's Ctrl-C.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | dict(variables or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield LoggedProcess(process, name, log)
        finally:
            end_process(process, END_TIMEOUT_S)
