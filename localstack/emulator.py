"""AWS emulator in one process: moto's server, limited to one request at a time.

moto's Kinesis is not thread-safe: with four concurrent writers, some records of 20,000 were lost without an
error. A lock around its WSGI application prevents that. `localstack.shard_repair` fixes splitting and merging
of shards.

``python -m localstack.emulator --port 0`` prints ``ready http://127.0.0.1:PORT`` when it listens.
"""

import ipaddress
import logging
import os
import selectors
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from fraudstream.runtime.aws_settings import EMULATOR_ACCOUNT
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process, stop_on_signals
from localstack.shard_repair import repair_shards

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READY: Final = "ready "
READY_TIMEOUT_S: Final = 60.0
"""moto takes some seconds to import, and many if the processor is busy with other processes."""
END_TIMEOUT_S: Final = 10.0


class EmulatorError(Exception):
    """The emulator did not start; the message contains its output."""


def serialized(application: "WSGIApplication") -> "WSGIApplication":
    """Wrap an application so that it handles one request at a time, including its response body."""
    lock = threading.Lock()

    def serve(environment: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with lock:
            body = application(environment, start_response)
            try:
                return list(body)
            finally:
                close: Callable[[], object] = getattr(body, "close", lambda: None)
                close()

    return serve


@contextmanager
def embedded_emulator(*options: str) -> Iterator[str]:
    """Run the emulator in a separate process for the duration of the block; yields its URL.

    ``options`` are further ones of its command line.

    Ctrl-C in the terminal does not reach the process, so that remaining records can still be written to the
    emulator afterwards. Raises `EmulatorError` if it does not start.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "localstack.emulator", "--port", "0", *options],
            cwd=ROOT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            yield _wait_until_ready(process, errors)
        finally:
            end_process(process, END_TIMEOUT_S)
            if process.stdout is not None:
                process.stdout.close()


def _environment() -> dict[str, str]:
    """Return an environment without the caller's AWS variables; the emulator never calls AWS."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return environment | {
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _wait_until_ready(process: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    output = process.stdout
    if output is None:
        msg = "the emulator's output is not a pipe"
        raise EmulatorError(msg)
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        line = output.readline().decode() if selector.select(READY_TIMEOUT_S) else ""
    if not line.startswith(READY):
        errors.seek(0)
        said = errors.read().decode(errors="replace")[-2000:]
        msg = f"the emulator was not ready within {READY_TIMEOUT_S:.0f} s; its output: {line}{said}"
        raise EmulatorError(msg)
    return line.removeprefix(READY).strip()


def _loopback(host: str) -> str:
    if not ipaddress.ip_address(host).is_loopback:
        msg = f"{host} is not a loopback address; the emulator checks no credentials, so it needs one"
        raise typer.BadParameter(msg)
    return host


def main(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 selects a free one")],
    host: Annotated[
        str, typer.Option(callback=_loopback, help="Loopback address to listen on")
    ] = "127.0.0.1",
    first_sequence_number: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of the first record of each shard, for a job that read from another emulator "
            "(default: the time, so that no earlier stream of the same name has given it)",
        ),
    ] = None,
) -> None:
    """Serve moto's AWS emulation until SIGTERM or Ctrl-C."""
    # A log line per request would dominate the output of tests.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stop = stop_on_signals()
    os.environ["MOTO_ACCOUNT_ID"] = EMULATOR_ACCOUNT
    repair_shards(first_sequence_number)
    application: Any = serialized(DomainDispatcherApplication(create_backend_app))
    server = make_server(host, port, application, threaded=True)
    # shutdown() waits for serve_forever(), which therefore can't run in the thread that receives the signals.
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    sys.stdout.write(f"{READY}http://{host}:{server.server_port}\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    run_command(main)
