"""AWS's runtime interface client as a process, against a small fake of Lambda's runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final, NamedTuple

from fraudstream.runtime.stop_signals import end_process
from tests.isolated_python import PYTHON, import_path

CLIENT: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""The runtime interface client and the packages that it needs."""
PREFIX: Final = "/2018-06-01/runtime/"
TIMEOUT_S: Final = 60
POLL_S: Final = 0.5
FUNCTION_ARN: Final = "arn:aws:lambda:ap-southeast-1:123456789012:function:test"


class InvocationResult(NamedTuple):
    """What the function has posted: to ``response``, ``error`` or ``init/error``."""

    kind: str
    body: Any


class RuntimeApi(ThreadingHTTPServer):
    """The runtime API: hands out events one by one and takes results."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RuntimeApiHandler)
        self.events: queue.Queue[tuple[object, int]] = queue.Queue()
        self.results: queue.Queue[InvocationResult] = queue.Queue()
        self.process: subprocess.Popen[bytes] | None = None

    def invoke(self, event: object, *, timeout_ms: int = 30_000) -> InvocationResult:
        """Invoke the function and return its result."""
        self.events.put((event, timeout_ms))
        return self.result()

    def result(self) -> InvocationResult:
        """Return the next result; fails once the function has ended without one."""
        end_s = time.monotonic() + TIMEOUT_S
        while True:
            with contextlib.suppress(queue.Empty):
                return self.results.get(timeout=POLL_S)
            assert self.process is None or self.process.poll() is None, "the function has ended"
            assert time.monotonic() < end_s, "the function does not answer"


class RuntimeApiHandler(BaseHTTPRequestHandler):
    """Serves a `RuntimeApi`."""

    server: RuntimeApi

    def do_GET(self) -> None:
        """Answer ``invocation/next`` once there is an event."""
        event, timeout_ms = self.server.events.get()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(time.time_ns() // 1_000_000 + timeout_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take a result."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self._chunked()
        kind = self.path.removeprefix(PREFIX)
        self.server.results.put(
            InvocationResult(kind.rpartition("/")[2] if "invocation" in kind else kind, json.loads(body))
        )
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().strip(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def running_function(
    handler: str, folder: Path, packages: Sequence[Path], variables: Mapping[str, str], log: Path
) -> Iterator[RuntimeApi]:
    """Run a handler in ``folder``, which imports from there and from ``packages``; ``log`` is its output."""
    with RuntimeApi() as api, log.open("wb") as output:
        threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        own = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "test",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/test",
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
            "_HANDLER": handler,
        }
        process = subprocess.Popen(
            [*PYTHON, "-m", "awslambdaric", handler],
            cwd=folder,
            env={"PATH": os.environ["PATH"], **own, **variables, **import_path(folder, *packages)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        api.process = process
        try:
            yield api
        finally:
            end_process(process, 10)
            # The thread that waits for the next event ends with it.
            api.events.put(({}, 0))
            api.shutdown()


def link_runtime_client(folder: Path) -> Path:
    """Link the packages of `CLIENT` into ``folder``, which Lambda's runtime has beside the function."""
    folder.mkdir()
    for name in CLIENT:
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or [] if file.parts[0] != ".."}:
            if not (folder / top).exists():
                (folder / top).symlink_to(str(installed.locate_file(top)))
    return folder
