import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudstream.settings import ROOT

Services = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> Services:
    services: Services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def compose_command() -> list[str] | None:
    """Return how Docker Compose is called here: the plugin, the program of its own, or not at all."""
    docker = shutil.which("docker")
    if (
        docker
        and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        return [docker, "compose"]
    program = shutil.which("docker-compose")
    return [program] if program else None


def test_docker_compose_itself_takes_the_file() -> None:
    command = compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    done = subprocess.run(
        [*command, "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_dockerfile_has_nothing_that_hadolint_complains_of() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_localstack_is_the_last_release_without_an_account(services: Services) -> None:
    assert services["localstack"]["image"] == "localstack/localstack:4.14.0"
    assert services["localstack"]["environment"]["SERVICES"] == "kinesis"


def test_every_port_is_for_this_machine_only(services: Services) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_service_of_the_project_runs_as_root(services: Services) -> None:
    users = {name: service.get("user") for name, service in services.items() if name != "localstack"}
    assert set(users.values()) == {"9999"}
    assert "\nUSER 9999\n" in (ROOT / "Dockerfile").read_text()


def test_each_service_waits_for_what_it_needs(services: Services) -> None:
    waits = {
        name: {other: needed["condition"] for other, needed in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    streams = {"streams": "service_completed_successfully"}
    assert waits == {
        "localstack": {},
        "streams": {"localstack": "service_healthy"},
        "jobmanager": streams,
        "taskmanager": streams,
        "alerts": streams,
        "producer": {"jobmanager": "service_healthy"},
    }
    assert {name for name, service in services.items() if "healthcheck" in service} == {
        "localstack",
        "jobmanager",
    }


def test_both_flink_services_see_the_same_checkpoints_and_speak_no_cbor(services: Services) -> None:
    for name in ("jobmanager", "taskmanager"):
        assert services[name]["volumes"] == ["checkpoints:/checkpoints"]
        assert services[name]["environment"]["AWS_CBOR_DISABLE"] == "true"
        assert services[name]["environment"]["CBOR_ENABLED"] == "false"


def test_the_only_credentials_are_the_emulators(services: Services) -> None:
    values = {
        value
        for service in services.values()
        for name, value in service["environment"].items()
        if "KEY" in name or "TOKEN" in name or "SECRET" in name
    }
    assert values == {"test"}


def test_flinks_image_is_of_the_minor_release_that_pyflink_is_of() -> None:
    image = re.search(r"FLINK_IMAGE=flink:(\d+\.\d+)\.\d+-", (ROOT / "Dockerfile").read_text())
    pyflink = re.search(
        r"^apache-flink==(\d+\.\d+)\.", (ROOT / "requirements-runtime.txt").read_text(), re.MULTILINE
    )
    assert image
    assert pyflink
    assert image[1] == pyflink[1]


def test_the_runtime_lock_pins_what_the_tests_run_with() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))

    assert pins("requirements-runtime.txt") < pins("requirements.txt")


def test_the_build_sees_what_the_dockerfile_copies_and_no_more() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {match[1] for match in re.finditer(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)}
    ignored, *lines = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert ignored == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert all((ROOT / path).exists() for path in copied)
