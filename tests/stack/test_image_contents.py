"""Each service of docker-compose.yml starts with the files of its image and the packages of its lock.

The Dockerfile's COPY instructions are replayed, after .dockerignore, into an empty folder. A service's
command runs there; endless commands get an argument that stops them.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
import yaml

from fraudstream.domain.transaction import format_time
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.loopback import open_url
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.stop_signals import end_process
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.web.api_keys import key_hash
from jobs.job_settings import JobSettings
from localrun.job_process import free_port
from localstack.streams import create_streams
from tests.isolated_python import PYTHON, import_path, run_isolated
from tests.stack.dockerfile_replay import Ignored, read_stages, replay
from tests.stack.stack_helpers import read_all, settings_with_own_streams, write_all
from tests.unit.alerts.alert_samples import alert

LOCKS = {
    "default": "requirements-runtime.txt",
    "producer": "requirements-producer.txt",
    "serving": "requirements-serving.txt",
}
STAGES = read_stages((ROOT / "Dockerfile").read_text())
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
STARTED = {
    "streams",
    "secrets",
    "jobmanager",
    "taskmanager",
    "producer",
    "transaction-api",
    "api-producer",
    "decision-api",
    "alerts",
}
"""The services of the project; each has a test."""


class Image:
    """The files of a target, and the packages of its lock."""

    def __init__(self, target: str, folder: Path) -> None:
        self.stage = STAGES[target]
        self.root = folder
        self.home = folder / self.stage.workdir.lstrip("/")
        replay(self.stage, ROOT, Ignored((ROOT / ".dockerignore").read_text()), folder)
        packages = folder / "packages"
        link_packages(LOCKS[target], packages)
        self.variables = import_path(self.home, packages)

    def run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command line of the image, which begins with ``python``, in its working folder."""
        python, *arguments = command
        assert python == "python"
        return run_isolated(arguments, self.home, self.variables | variables)


def link_packages(lock: str, folder: Path) -> None:
    """Link exactly the packages of a lock into ``folder``."""
    folder.mkdir()
    for name in re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.MULTILINE):
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or [] if file.parts[0] != ".."}:
            if not (folder / top).exists():
                (folder / top).symlink_to(str(installed.locate_file(top)))


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image("default", tmp_path_factory.mktemp("flink"))


@pytest.fixture(scope="module")
def producer(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image("producer", tmp_path_factory.mktemp("producer"))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Image:
    image = Image("serving", tmp_path_factory.mktemp("serving"))
    # Of another stage of the build.
    shutil.copy(ROOT / "build" / "fraudstream-core.jar", image.home / "fraudstream" / "online")
    return image


@pytest.fixture
def settings(embedded_url: str, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    """Name streams for this test alone; services run in this environment instead of the file's."""
    return settings_with_own_streams(embedded_url, monkeypatch)


@pytest.fixture
def streams(settings: JobSettings) -> JobSettings:
    """Create the streams with the service that does so."""
    create_streams(kinesis_client(settings), settings, wait_s=30)
    return settings


def command_of(service: str) -> list[str]:
    command: list[str] = SERVICES[service]["command"]
    return command


def test_every_service_of_the_project_is_tested_here() -> None:
    ours = {name for name, service in SERVICES.items() if service["image"].startswith("fraudstream")}
    assert ours == STARTED
    targets = {SERVICES[name]["build"]["target"] for name in ("producer", "transaction-api", "api-producer")}
    assert targets == {"producer"}
    assert {SERVICES[name]["build"]["target"] for name in ("secrets", "decision-api")} == {"serving"}
    assert SERVICES["streams"]["build"] == "."


def test_nothing_outside_the_copied_files_can_be_imported_in_an_image(producer: Image) -> None:
    assert producer.run(["python", "-c", "import fraudstream, producer, fastapi"]).returncode == 0
    for name in ("jobs", "alerts", "tests", "pyflink", "pytest"):
        assert f"No module named '{name}'" in producer.run(["python", "-c", f"import {name}"]).stderr


def test_each_image_shows_the_help_of_its_program(flink: Image, producer: Image, serving: Image) -> None:
    for image, option in ((flink, "--alert-threshold"), (producer, "stream"), (serving, "--port")):
        shown = image.run(image.stage.command)
        assert shown.returncode == 0, shown.stderr
        assert option in shown.stdout


def test_streams_are_created_and_the_producer_fills_them(
    flink: Image, producer: Image, settings: JobSettings
) -> None:
    created = flink.run(command_of("streams"))
    assert created.returncode == 0, created.stderr
    # The third argument is the number of batches.
    sent = producer.run([*command_of("producer"), "2"])
    assert sent.returncode == 0, sent.stderr
    assert len(read_all(settings, settings.transactions_stream)) == 40


def test_the_producers_check_command_passes(producer: Image, streams: JobSettings) -> None:
    checked = producer.run(["python", "-m", "producer", "test"])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(read_all(streams, streams.transactions_stream)) == 1


def test_alerts_are_shown(flink: Image, streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [alert(1)])
    shown = flink.run([*command_of("alerts"), "--json", "--idle-seconds", "0.5"])
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["transaction_id"] == "T1"


def test_the_job_starts_where_the_cluster_expects_it_and_finds_its_model(flink: Image) -> None:
    command = command_of("jobmanager")
    script = Path(command[command.index("-py") + 1])
    shown = flink.run(["python", str(flink.root / script.relative_to("/")), "--help"])
    assert shown.returncode == 0, shown.stderr
    assert "--alert-threshold" in shown.stdout
    code = "from jobs.job_settings import JobSettings; print(JobSettings.load(env_file=None).model)"
    model = Path(flink.run(["python", "-c", code]).stdout.strip())
    assert model.is_relative_to(flink.home)
    assert (model / "manifest.json").is_file()


def test_the_jobs_health_check_queries_the_cluster(flink: Image) -> None:
    kind, *check, _url = SERVICES["jobmanager"]["healthcheck"]["test"]
    assert kind == "CMD"
    answer = flink.run([*check, f"http://127.0.0.1:{free_port()}"])
    assert answer.returncode == 1
    assert answer.stderr.startswith("Flink does not respond: ")


def test_the_workers_of_a_task_manager_find_the_scoring_function(flink: Image) -> None:
    assert "taskmanager.sh" in command_of("taskmanager")[0]
    imported = flink.run(["python", "-c", "import jobs.scoring_udf; print(jobs.scoring_udf.__file__)"])
    assert imported.returncode == 0, imported.stderr
    assert Path(imported.stdout.strip()).is_relative_to(flink.home)


def test_the_decision_api_serves_with_the_secrets_that_its_service_generated(
    serving: Image, streams: JobSettings, tmp_path: Path
) -> None:
    command = [word.replace("/secrets", str(tmp_path)) for word in command_of("secrets")]
    generated = serving.run(command)
    assert generated.returncode == 0, generated.stderr
    port = str(free_port())
    written = SERVICES["decision-api"]["environment"]
    own = {name: value for name, value in written.items() if name.startswith(("DECISION_API_", "SECRETS_"))}
    variables = {name: value.replace("/secrets", str(tmp_path)) for name, value in own.items()}
    variables |= {"DECISION_API_HOST": "127.0.0.1", "DECISION_API_PORT": port}
    # The store's host does not resolve here: the service starts all the same, and says so in its answers.
    process = subprocess.Popen(
        [*PYTHON, *SERVICES["decision-api"]["entrypoint"][1:], *PYTHON, *command_of("decision-api")[1:]],
        cwd=serving.home,
        env=os.environ | serving.variables | variables,
    )
    try:
        wait_until_healthy(serving, "decision-api", port)
        key = (tmp_path / "decision-api-key").read_text().strip()
        body = {
            "account_id": "A",
            "transaction_amount_vnd": 5,
            "transaction_id": "T",
            "event_time": format_time(wall_clock_ms()),
        }
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        request = Request(f"http://127.0.0.1:{port}/v1/transactions", json.dumps(body).encode(), headers)
        with open_url(request, 30) as answer:
            assert json.load(answer)["accepted"] == 1
    finally:
        end_process(process, 20)
    assert len(read_all(streams, streams.transactions_stream)) == 1


@pytest.fixture
def served(producer: Image, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Run the transaction API by its command; yield the variables for its client."""
    port = str(free_port())
    keys, key = tmp_path / "keys", tmp_path / "key"
    keys.write_text(f"compose {key_hash('the-key')}\n")
    key.write_text("the-key\n")
    variables = {
        "TRANSACTION_API_KEYS_FILE": str(keys),
        "TRANSACTION_API_HOST": "127.0.0.1",
        "TRANSACTION_API_PORT": port,
    }
    process = subprocess.Popen(
        [*PYTHON, *command_of("transaction-api")[1:]],
        cwd=producer.home,
        env=os.environ | producer.variables | variables,
    )
    try:
        wait_until_healthy(producer, "transaction-api", port)
        yield {"TRANSACTION_API_URL": f"http://127.0.0.1:{port}", "TRANSACTION_API_KEY_FILE": str(key)}
    finally:
        end_process(process, 20)


def wait_until_healthy(image: Image, service: str, port: str) -> None:
    """Poll with the service's own health check, on another port."""
    kind, *check = SERVICES[service]["healthcheck"]["test"]
    assert kind == "CMD"
    command = [word.replace(":8000/", f":{port}/") for word in check]
    deadline_s = time.monotonic() + 60
    while (answer := image.run(command)).returncode:
        assert time.monotonic() < deadline_s, answer.stderr
        time.sleep(0.2)


def test_the_transaction_api_serves_its_producer(
    producer: Image, streams: JobSettings, served: dict[str, str]
) -> None:
    command = command_of("api-producer")
    options = command.index("--source")
    # The third argument is the number of batches.
    sent = producer.run([*command[:options], "2", *command[options:]], **served)
    assert sent.returncode == 0, sent.stderr
    assert len(read_all(streams, streams.transactions_stream)) == 40


def test_the_kernels_build_has_each_module_and_every_source(tmp_path: Path) -> None:
    stage = STAGES["kernel"]
    replay(stage, ROOT, Ignored((ROOT / ".dockerignore").read_text()), tmp_path)
    built = tmp_path / stage.workdir.lstrip("/")
    tree = ROOT / "kernel"
    files = [path for pattern in ("**/pom.xml", "**/src/main/**/*.*") for path in tree.glob(pattern)]
    needed = {path.relative_to(tree).as_posix() for path in files if "target" not in path.parts}
    assert len(needed) > 10
    assert {name for name in needed if not (built / name).is_file()} == set()
    maven = shutil.which("mvn")
    assert maven is not None
    subprocess.run([maven, "--quiet", "--batch-mode", "validate"], cwd=built, check=True)


DOCKERFILE = """
FROM base:1 AS packages
COPY locks/one.txt /tmp/
FROM base:2
WORKDIR /opt/place
COPY --from=packages /tmp /tmp
COPY code data \\
    ./
COPY --chown=9:9 locks/one.txt renamed.txt
CMD ["python", "-m", "code"]
"""


def test_a_replayed_dockerfile_copies_as_docker_does(tmp_path: Path) -> None:
    context, image = tmp_path / "context", tmp_path / "image"
    for name in ("code/a.py", "code/deep/a.pyc", "data/b.txt", "data/secret", "locks/one.txt"):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(name)
    stages = read_stages(DOCKERFILE)
    assert stages["default"].command == ["python", "-m", "code"]
    replay(
        stages["default"], context, Ignored("# all\n*\n!code\n!data\n!locks\n**/*.pyc\ndata/sec*\n"), image
    )
    replayed = {path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()}
    assert replayed == {f"opt/place/{name}" for name in ("a.py", "b.txt", "renamed.txt")}


def test_a_replay_rejects_files_outside_the_build_context(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "one.txt").touch()
    with pytest.raises(FileNotFoundError, match=r"COPY locks/one.txt: .*\.dockerignore"):
        replay(read_stages(DOCKERFILE)["packages"], tmp_path, Ignored("*\n!code"), tmp_path / "image")
