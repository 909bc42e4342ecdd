"""The server of the SageMaker container as a process, started as the image starts it."""

import subprocess
import sys
import time

import httpx

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process
from localrun.job_process import free_port

TIMEOUT_S = 60


def test_the_server_answers_on_its_port_with_the_model_of_its_folder() -> None:
    port = str(free_port())
    command = ["serve", "--model", str(ROOT / "models" / "v1"), "--host", "127.0.0.1", "--port", port]
    process = subprocess.Popen([sys.executable, "-m", "serving.sagemaker", *command], cwd=ROOT)
    try:
        end_s = time.monotonic() + TIMEOUT_S
        while status_of(port) != 200:
            assert process.poll() is None
            assert time.monotonic() < end_s
            time.sleep(0.1)
    finally:
        end_process(process, 10)


def status_of(port: str) -> int | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping", trust_env=False).status_code
    except httpx.TransportError:
        return None


def test_a_folder_without_a_model_ends_the_server_with_the_reason() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "serving.sagemaker", "serve", "--model", "/nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert ended.returncode == 2
    assert "/nowhere/manifest.json does not exist" in ended.stderr
