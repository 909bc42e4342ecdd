"""A separate process that answers one input after the other, for code that could crash it.

Inputs are a kind in one letter, the length in 8 hexadecimal digits, and the bytes; answers are lines of JSON.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from fraudstream.runtime.project_root import ROOT

Answer = dict[str, Any]
_HEADER_BYTES: Final = 9
_END_S: Final = 60.0


class Probe:
    """The process of a module that calls `serve`; after a crash it is started again."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process = self._started()

    def ask(self, kind: str, data: bytes) -> Answer:
        """Return the answer to an input; one that ends the process is answered by its exit code."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests
        assert answers
        requests.write(f"{kind}{len(data):08x}".encode() + data)
        requests.flush()
        line = answers.readline()
        if not line:
            code = self.close()
            self._process = self._started()
            return {"crashed": code}
        answer: Answer = json.loads(line)
        return answer

    def close(self) -> int:
        """End the process, and return its exit code."""
        assert self._process.stdin
        assert self._process.stdout
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
