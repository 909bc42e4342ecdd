"""A separate process that answers one input after the other, for code that could crash it or never end.

Inputs are a kind in one letter, the length in 8 hexadecimal digits, and the bytes; answers are lines of JSON.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from fraudstream.runtime.project_root import ROOT

Answer = dict[str, Any]
_HEADER_BYTES: Final = 9
_END_S: Final = 60.0


class Probe:
    """The process of a module that calls `serve`; after a crash it is started again."""

    def __init__(self, module: str) -> None:
        self._module = module
        self.answer_s = 120.0
        """Deadline of an answer; the first one waits for the start of the process too."""
        self._process = self._started()

    def ask(self, kind: str, data: bytes) -> Answer:
        """Return the answer to an input.

        Where the input ends the process, ``crashed`` is its exit code; where there is no answer within the
        deadline, the process is killed, and ``crashed`` says so.
        """
        is_late = threading.Event()
        line = self._answer_line(f"{kind}{len(data):08x}".encode() + data, is_late)
        if not line:
            code = self.close()
            self._process = self._started()
            return {"crashed": f"no answer within {self.answer_s:g} s" if is_late.is_set() else code}
        answer: Answer = json.loads(line)
        return answer

    def _answer_line(self, request: bytes, is_late: threading.Event) -> bytes:
        """Return the line that answers a request; empty if the process ends, or is killed for being late."""
        process = self._process
        assert process.stdin
        assert process.stdout

        def kill() -> None:
            is_late.set()
            process.kill()

        deadline = threading.Timer(self.answer_s, kill)
        deadline.start()
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(request)
                process.stdin.flush()
            return process.stdout.readline()
        finally:
            deadline.cancel()

    def close(self) -> int:
        """End the process, and return its exit code."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        code = self._process.wait(_END_S)
        self._process.stdout.close()
        return code

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", self._module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )


@contextmanager
def probing(module: str) -> Iterator[Probe]:
    """Run a probe for the duration of the block."""
    probe = Probe(module)
    try:
        yield probe
    finally:
        code = probe.close()
    assert code == 0


def serve(answer: Callable[[str, bytes], Answer]) -> None:
    """Answer every input until there are no more."""
    while header := sys.stdin.buffer.read(_HEADER_BYTES).decode():
        data = sys.stdin.buffer.read(int(header[1:], 16))
        sys.stdout.write(json.dumps(answer(header[0], data)) + "\n")
        sys.stdout.flush()
