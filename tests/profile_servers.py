"""Servers of profile stores for tests: Redis and PostgreSQL on loopback, with a free port and a password.

A test that needs one is skipped by name where the program is not installed.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

PASSWORD: Final = "p@ss:w/rd#%"
ENCODED_PASSWORD: Final = "p%40ss%3Aw%2Frd%23%25"
READY_TIMEOUT_S: Final = 60.0
END_TIMEOUT_S: Final = 10.0
POSTGRES_FOLDERS: Final = "/usr/lib/postgresql"
"""Where Debian installs each release, outside of the path."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(process: subprocess.Popen[bytes], output: Path, ready: str) -> None:
    """Wait until a server says that it is ready; one that listens may still refuse its clients."""
    until_s = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < until_s and process.poll() is None:
        if ready in output.read_text(errors="replace"):
            return
        time.sleep(0.02)
    pytest.fail(f"{process.args!r} was not ready: {output.read_text(errors='replace')[-2000:]}")


@contextmanager
def _serving(command: Sequence[str], folder: Path, ready: str, user: int | None = None) -> Iterator[None]:
    output = folder / "output.txt"
    with output.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, user=user, start_new_session=True
        )
        try:
            _wait_until_ready(process, output, ready)
            yield
        finally:
            # SIGINT ends PostgreSQL at once; at SIGTERM it waits for its clients.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def redis_url() -> Iterator[str]:
    """Run a Redis server, without a file; yields the URL of its database 0."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        settings = Path(name) / "redis.conf"
        settings.write_text(f'bind 127.0.0.1\nport {port}\nrequirepass "{PASSWORD}"\nsave ""\ndatabases 16\n')
        with _serving([program, str(settings)], Path(name), "Ready to accept connections"):
            yield f"redis://:{ENCODED_PASSWORD}@127.0.0.1:{port}/0"


def _postgres_program(name: str) -> str:
    newest_first = sorted(Path(POSTGRES_FOLDERS).glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or next(map(str, newest_first), None)
    if found is None:
        pytest.skip(f"PostgreSQL's {name} is not installed")
    return found


@contextmanager
def postgres_url() -> Iterator[str]:
    """Run a PostgreSQL server; yields the URL of its database ``postgres``, for its superuser ``bank``."""
    initdb, server = _postgres_program("initdb"), _postgres_program("postgres")
    # PostgreSQL refuses to run as root.
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        secret = folder / "password.txt"
        secret.write_text(f"{PASSWORD}\n")
        if user is not None:
            for each in (folder, secret):
                os.chown(each, user, -1)
        subprocess.run(
            [initdb, "-D", "data", "-U", "bank", "-A", "scram-sha-256", "--pwfile", secret.name,
             "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"],
            cwd=folder, user=user, check=True, capture_output=True,
        )  # fmt: skip
        options = ("fsync=off", "shared_buffers=16MB", "max_connections=40", "unix_socket_directories=")
        arguments = [server, "-D", "data", "-h", "127.0.0.1", "-p", str(port)]
        with _serving(
            [*arguments, *(f"-c{each}" for each in options)], folder, "ready to accept connections", user
        ):
            yield f"postgresql://bank:{ENCODED_PASSWORD}@127.0.0.1:{port}/postgres"


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen on a port, accept connections and never answer; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        yield port


def aws_variables(endpoint: str) -> dict[str, str]:
    """Return the environment in which a client calls an emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": PASSWORD,
        "AWS_REGION": "ap-southeast-1",
    }
