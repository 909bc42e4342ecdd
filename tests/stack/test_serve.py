"""`make serve`, as a user starts it: the printed curl lines answer, and Ctrl-C ends all of it."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest

from fraudstream.runtime.loopback import open_url
from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings
from localrun.job_process import free_port

pytestmark = pytest.mark.skipif(
    "profile_store" not in JobSettings.model_fields, reason="the job of this revision writes no profiles"
)
READY = "Ctrl-C ends everything"
PATIENCE_S = 60.0


@dataclass
class Served:
    """A running `make serve`, and what it has printed until it was ready."""

    process: subprocess.Popen[str]
    printed: str

    def curl(self, path: str) -> dict[str, Any]:
        """Run the printed command of a route in a shell; return the answer."""
        commands = re.findall(r"^curl .*?^    -d '.*?'$", self.printed, re.DOTALL | re.MULTILINE)
        (command,) = [each for each in commands if f"{path} \\\n" in each]
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def get(self, path: str) -> dict[str, Any]:
        """Return the answer of a route to the printed key."""
        url = re.search(r"decision API: (\S+)", self.printed)
        key = re.search(r"key: +(\S+)", self.printed)
        assert url
        assert key
        request = Request(url[1] + path, headers={"X-API-Key": key[1]})  # noqa: S310 - the URL of this machine
        with open_url(request, 10) as response:
            answer: dict[str, Any] = json.load(response)
        return answer


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    options = ["--port", str(free_port()), "--logs", str(folder), "--rate", "200", "--accounts", "50"]
    with subprocess.Popen(
        [sys.executable, "-m", "localrun.serve", *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Served(process, printed_until_ready(process, folder))
        finally:
            process.kill()


def printed_until_ready(process: subprocess.Popen[str], logs: Path) -> str:
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if READY in line:
            return printed
    raise AssertionError(printed + "".join(path.read_text() for path in logs.glob("*.log")))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_printed_curl_lines_answer_as_the_forms_of_the_routes(served: Served) -> None:
    checked = served.curl("/api/check-fraud")
    assert set(checked) >= {"transaction_id", "fraud_score", "is_fraud", "risk_level", "factors"}
    assert checked["transaction_id"] == "TXN123456"
    predicted = served.curl("/predict")
    assert set(predicted) >= {"transaction_id", "anomaly_score", "anomaly_type", "confidence", "explanation"}
    decided = served.curl("/v1/decisions")
    assert (decided["transaction_id"], decided["outcome"]) == ("T-1", "new")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_profiles_that_the_job_writes_are_fresh_in_the_answers(served: Served) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while (decided := served.curl("/v1/decisions"))["profile"] != "fresh":
        assert time.monotonic() < deadline_s, decided
        time.sleep(0.5)
    assert 0 <= decided["profile_age_ms"] <= 5_000


def test_the_key_is_for_the_gateways_routes_too(served: Served) -> None:
    assert served.get("/v1/accounts/USER001/transactions")["transactions"] == []


def test_ctrl_c_ends_every_part_with_exit_code_0(served: Served) -> None:
    """Runs last: it ends what the others use."""
    served.process.send_signal(signal.SIGINT)
    assert served.process.stdout is not None
    assert served.process.stdout.read().splitlines()[-1] == "stopped"
    assert served.process.wait(60) == 0
