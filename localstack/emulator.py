"""An AWS emulator in one process: moto's server, with one request at a time.

moto's Kinesis is not made for concurrent requests: with four writers some records of 20,000 were
lost without an error. A lock round its WSGI application repairs that. `localstack.shard_repair` repairs how
shards are split and merged.

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
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process, stop_on_signals
from localstack.shard_repair import repair_shards

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READY: Final = "ready "
READY_TIMEOUT_S: Final = 60.0
"""moto's import takes some seconds, many where other processes hold the processor."""
END_TIMEOUT_S: Final = 10.0


class EmulatorError(Exception):
    """The emulator did not come up; the message carries what it said."""


def serialized(application: "WSGIApplication") -> "WSGIApplication":
    """Let one request into the application at a time, its response body included."""
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
def embedded_emulator() -> Iterator[str]:
    """Run the emulator as a process of its own while the block runs; yields its URL.

    The process is out of the terminal's Ctrl-C, so that what still has to be written when it is
    pressed finds the emulator alive. Raises `EmulatorError` if it does not come up.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "localstack.emulator", "--port", "0"],
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
    """Keep whatever the caller has of AWS away from the emulator; it signs nothing and calls nobody."""
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
        msg = f"the emulator was not ready within {READY_TIMEOUT_S:.0f} s; it said: {line}{said}"
        raise EmulatorError(msg)
    return line.removeprefix(READY).strip()


def _loopback(host: str) -> str:
    if not ipaddress.ip_address(host).is_loopback:
        msg = (
            f"{host} is not a loopback address; the emulator checks no credentials and stays on this machine"
        )
        raise typer.BadParameter(msg)
    return host


def main(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0: a free one")],
    host: Annotated[str, typer.Option(callback=_loopback, help="Loopback address")] = "127.0.0.1",
) -> None:
    """Serve moto's AWS emulation until SIGTERM or Ctrl-C."""
    # One line a request would be most of what a test prints.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stop = stop_on_signals()
    os.environ["MOTO_ACCOUNT_ID"] = EMULATOR_ACCOUNT
    repair_shards()
    application: Any = serialized(DomainDispatcherApplication(create_backend_app))
    server = make_server(host, port, application, threaded=True)
    # shutdown() waits for serve_forever(), so that one can't run in the thread that gets the signals.
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    sys.stdout.write(f"{READY}http://{host}:{server.server_port}\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    typer.run(main)
