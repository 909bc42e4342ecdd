"""Every snippet of the documents that applies runs, with one API in its development mode and one emulator."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.stream_settings import StreamSettings
from localrun.job_process import free_port
from localstack.emulator import embedded_emulator
from localstack.streams import create_streams
from tests.documents.snippet_manifest import Snippet, snippets
from tests.documents.snippet_runner import AWS_FOLDER, needs, run

REGION = "ap-southeast-1"
AWS_REGION = "ap-southeast-2"
"""Region of the AWS lines: one of them creates a stream that the producer's region has already."""
TIMEOUT_S = 60
ALL = [snippet for snippet in snippets() if snippet.to_run]
AWS_LINES = [snippet for snippet in ALL if needs(snippet) == "aws"]
CREATIONS = [snippet for snippet in AWS_LINES if "create-stream" in snippet.text]
API_LINES = [snippet for snippet in ALL if snippet.to_run.startswith("fraudstream api ")]
OTHERS = [snippet for snippet in ALL if snippet not in AWS_LINES and snippet not in API_LINES]
DEFAULTS = {"frequency_seconds": 1.0, "fraud_injection_rate": 0.05, "batch_size": 1}


@dataclass(frozen=True)
class Api:
    """The running API, its log, and the configuration with which it started."""

    address: str
    log_file: Path
    first_config: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def messages(self) -> list[str]:
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line)["message"] for line in lines if line.startswith("{")]


@pytest.fixture(scope="module", name="api")
def fixture_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run the command that the documents' ``python api.py`` stands for."""
    log_file, port = tmp_path_factory.mktemp("api") / "log", free_port()
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "producer.api", "--development", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"TRANSACTION_API_ACCOUNTS": "200"},
            stderr=log,
            stdout=log,
        )
    address = f"localhost:{port}"
    try:
        yield Api(address, log_file, answer_of(process, f"http://{address}/config"))
    finally:
        end_process(process, 10)


def answer_of(process: subprocess.Popen[bytes], url: str) -> dict[str, Any]:
    """Return the first answer of a server that starts."""
    end_s = time.monotonic() + TIMEOUT_S
    while True:
        assert process.poll() is None
        assert time.monotonic() < end_s, "the API does not answer"
        try:
            found: dict[str, Any] = httpx.get(url).json()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return found


@pytest.fixture(scope="module", name="environment")
def fixture_environment(api: Api) -> Iterator[dict[str, str]]:
    """Run an emulator with the streams of the producer; returns the variables of the documents' ``.env``."""
    with embedded_emulator() as emulator_url, pytest.MonkeyPatch.context() as patch:
        environment = {
            "AWS_ENDPOINT_URL": emulator_url,
            "AWS_ACCESS_KEY_ID": "your_access_key_id",
            "AWS_SECRET_ACCESS_KEY": "your_secret_access_key",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TRANSACTION_API_URL": api.url,
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = StreamSettings.load(env_file=None)
        create_streams(kinesis_client(settings), settings, wait_s=TIMEOUT_S)
        yield environment


@pytest.fixture(scope="module", name="aws_environment")
def fixture_aws_environment(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Create the stream of the documents as they say, in a region without streams."""
    if not (AWS_FOLDER / "aws").exists():
        pytest.skip("the AWS command line is not installed: `make awscli`")
    found = {**environment, "AWS_DEFAULT_REGION": AWS_REGION}
    (creation,) = CREATIONS
    created = run(creation, "", found, tmp_path_factory.mktemp("aws"))
    assert (created.code, created.output) == (0, "")
    return found


@pytest.fixture(name="_as_at_the_start")
def fixture_as_at_the_start(api: Api) -> None:
    """Undo what another snippet has changed."""
    httpx.post(f"{api.url}/start")
    httpx.post(f"{api.url}/config", json=DEFAULTS)


@pytest.mark.usefixtures("_as_at_the_start")
@pytest.mark.parametrize("snippet", OTHERS, ids=str)
def test_a_snippet_runs(snippet: Snippet, api: Api, environment: dict[str, str], tmp_path: Path) -> None:
    program = needs(snippet)
    if program in {"node", "curl"} and shutil.which(program) is None:
        pytest.skip(f"there is no {program}")
    ran = run(snippet, api.address, environment, tmp_path)
    assert ran.code == 0, ran.output
    assert snippet.expects in ran.output
    assert set(snippet.log_has) <= set(api.messages())


@pytest.mark.parametrize("snippet", API_LINES, ids=str)
def test_a_command_of_the_api_serves_where_the_document_says(
    snippet: Snippet, api: Api, environment: dict[str, str], tmp_path: Path
) -> None:
    words = shlex.split(snippet.to_run)
    options = dict(zip(words[3::2], words[4::2], strict=True))
    ran = run(snippet, api.address, environment, tmp_path)
    assert ran.code == 0, ran.output
    assert ran.served == [(options.get("--host", "127.0.0.1"), int(options.get("--port", "8000")))]
    log = "\n".join(api.messages())
    assert [message for message in snippet.log_has if message not in log] == []


def test_the_stream_of_the_documents_has_the_shard_that_they_give_it(
    aws_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws_environment.items():
        monkeypatch.setenv(name, value)
    client = kinesis_client(StreamSettings.load(env_file=None))
    assert len(client.list_shards(StreamName="Transactions")["Shards"]) == 1


@pytest.mark.parametrize("snippet", [each for each in AWS_LINES if each not in CREATIONS], ids=str)
def test_an_aws_line_runs_against_the_emulator(
    snippet: Snippet, aws_environment: dict[str, str], tmp_path: Path
) -> None:
    ran = run(snippet, "", aws_environment, tmp_path)
    assert ran.code == 0, ran.output
    assert snippet.expects in ran.output


def test_the_api_starts_with_the_configuration_of_the_document(api: Api) -> None:
    (block,) = [each for each in snippets() if each.language == "json" and "batch_size" in each.text]
    assert api.first_config == json.loads(block.text)


def test_a_page_of_any_origin_may_read_the_stream(api: Api) -> None:
    origin = {"Origin": "http://tutorial.example"}
    with httpx.stream("GET", f"{api.url}/stream", headers=origin) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Content-Type"].startswith("text/event-stream")
