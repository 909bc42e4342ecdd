"""Run a real LocalStack 4.14.0 as a process, without Docker: the release that docker-compose.yml runs."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from fraudstream.runtime.project_root import ROOT
from localrun.job_process import free_port

REQUIREMENTS = Path(__file__).with_name("localstack-requirements.txt")
READY_TIMEOUT_S = 90.0


def find_python() -> str | None:
    """Return a working Python 3.13, which LocalStack 4.14 needs; None if this machine has none."""
    candidates = [shutil.which("python3.13"), *map(str, Path.home().glob(".pyenv/versions/3.13*/bin/python"))]
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def installed(python: str) -> Path:
    """Return the interpreter of LocalStack's venv, created at the first call by one process at a time."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    venv = ROOT / "build" / f"localstack-{digest}"
    interpreter = venv / "bin" / "python"
    marker = venv / "installed"
    venv.parent.mkdir(exist_ok=True)
    with venv.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists():
            shutil.rmtree(venv, ignore_errors=True)
            subprocess.run([python, "-m", "venv", str(venv)], check=True)
            install = [str(interpreter), "-m", "pip", "install", "--quiet", "--require-hashes"]
            subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)
            marker.touch()
    return interpreter


@contextmanager
def real_localstack(interpreter: Path, folder: Path) -> Iterator[str]:
    """Run LocalStack with Kinesis, its files in ``folder``; yields its URL."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "FILESYSTEM_ROOT": str(folder),
        "OVERRIDE_IN_DOCKER": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "SERVICES": "kinesis",
        # The streams of all tests together have more shards than LocalStack allows per account by default.
        "KINESIS_SHARD_LIMIT": "10000",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
    }
    log = folder / "localstack.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(interpreter), "-m", "localstack.runtime.main"],
            # Not the project's root: its folder `localstack` would shadow the package that is run here.
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, log)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_ready(url: str, log: Path) -> None:
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5):  # noqa: S310 - loopback
                return
        except (URLError, ConnectionError):
            if time.monotonic() > deadline_s:
                msg = f"LocalStack was not ready: {log.read_text()[-2000:]}"
                raise AssertionError(msg) from None
            time.sleep(0.5)
