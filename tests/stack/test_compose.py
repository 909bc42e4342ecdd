import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.datastructures import Headers

from fraudstream.runtime.project_root import ROOT
from fraudstream.web.api_keys import key_hash
from fraudstream.web.authentication import Authenticator
from fraudstream.web.scopes import Caller
from producer.api.api_settings import ApiSettings
from producer.source_api import ApiAccess

Services = dict[str, Any]
EMULATOR = "localstack"
"""The only image that is not ours and is not locked down: it starts as root and writes into itself."""
ONCE = {"secrets", "streams"}
"""The services that end after their work."""


@pytest.fixture(scope="module")
def services() -> Services:
    services: Services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def compose_command() -> list[str] | None:
    """Return the command for Docker Compose: the plugin, the standalone program, or None."""
    docker = shutil.which("docker")
    if (
        docker
        and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        return [docker, "compose"]
    program = shutil.which("docker-compose")
    return [program] if program else None


def test_docker_compose_accepts_the_file() -> None:
    command = compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    for profiles in ([], ["--profile", "api"]):
        done = subprocess.run(
            [*command, *profiles, "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_hadolint_accepts_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_localstack_is_the_last_release_that_needs_no_account(services: Services) -> None:
    assert services["localstack"]["image"] == "localstack/localstack:4.14.0"
    assert services["localstack"]["environment"]["SERVICES"] == "kinesis"


def test_every_port_is_bound_to_loopback(services: Services) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_service_of_the_project_runs_as_root(services: Services) -> None:
    users = {name: service.get("user") for name, service in services.items() if name != EMULATOR}
    assert set(users.values()) == {"9999"}
    assert (ROOT / "Dockerfile").read_text().count("\nUSER 9999\n") == 3


def test_every_service_is_locked_down_and_limited(services: Services) -> None:
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["cpus"], name
        assert service["pids_limit"], name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & service.keys(), name
    for name in services.keys() - {EMULATOR}:
        assert services[name]["read_only"] is True, name
        assert services[name]["cap_drop"] == ["ALL"], name
        (place,) = services[name]["tmpfs"]
        assert re.fullmatch(r"/tmp:(exec,)?size=\d+m", place), name  # noqa: S108 - in a container


def test_only_flink_is_on_the_network_of_its_ports(services: Services) -> None:
    networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
    assert networks["flink"] == {"internal": True}
    members = {
        network: {name for name, service in services.items() if network in service["networks"]}
        for network in networks
    }
    assert members["flink"] == {"jobmanager", "taskmanager"}
    assert members["api"] == {"transaction-api", "api-producer"}
    assert networks["profiles"] == {"internal": True}
    assert members["profiles"] == {"secrets", "redis", "jobmanager", "taskmanager", "decision-api"}
    assert members["kinesis"] == services.keys() - {"transaction-api", "secrets", "redis"}
    for name in members["flink"]:
        (alias,) = services[name]["networks"]["flink"]["aliases"]
        assert alias == f"{name}-rpc"
        bound = [word for word in services[name]["command"] if "bind-host" in word]
        assert bound == [f"-D{name}.bind-host={alias}"]


def test_the_rest_port_is_loopback_and_for_reading_unless_the_overlay_is_added(services: Services) -> None:
    command = services["jobmanager"]["command"]
    for option in (
        "rest.bind-address=${FLINK_REST_BIND_ADDRESS:-127.0.0.1}",
        "fraudstream.rest.access=read",
        "web.submit.enable=false",
        "web.cancel.enable=false",
        "web.access-control-allow-origin=http://nobody.invalid",
    ):
        assert f"-D{option}" in command
    assert "ports" not in services["jobmanager"]
    overlay = yaml.safe_load((ROOT / "docker-compose.flink-ui.yml").read_text())["services"]
    assert overlay == {"jobmanager": {"ports": ["127.0.0.1:8081:8081"]}}


def test_each_service_waits_for_its_dependencies(services: Services) -> None:
    waits = {
        name: {other: needed["condition"] for other, needed in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    streams = {"streams": "service_completed_successfully"}
    profiles = {"redis": "service_healthy"}
    assert waits == {
        "secrets": {},
        "redis": {"secrets": "service_completed_successfully"},
        "decision-api": streams | profiles,
        "localstack": {},
        "streams": {"localstack": "service_healthy"},
        "jobmanager": streams | profiles,
        "taskmanager": streams,
        "alerts": streams,
        "producer": {"jobmanager": "service_healthy"},
        "transaction-api": {},
        "api-producer": {"jobmanager": "service_healthy", "transaction-api": "service_healthy"},
    }
    assert {name for name, service in services.items() if "healthcheck" in service} == {
        "localstack",
        "redis",
        "jobmanager",
        "decision-api",
        "transaction-api",
    }


def test_both_flink_services_share_checkpoints_and_disable_cbor(services: Services) -> None:
    for name in ("jobmanager", "taskmanager"):
        assert "checkpoints:/checkpoints" in services[name]["volumes"]
        assert services[name]["environment"]["AWS_CBOR_DISABLE"] == "true"
        assert services[name]["environment"]["CBOR_ENABLED"] == "false"


def test_the_only_credentials_are_the_emulators(services: Services) -> None:
    values = {
        value
        for service in services.values()
        for name, value in service["environment"].items()
        if ("KEY" in name or "TOKEN" in name or "SECRET" in name) and not name.endswith("_FILE")
    }
    assert values == {"test"}


def test_the_api_is_opt_in_requires_a_key_and_reads_it_from_a_file(services: Services) -> None:
    api, client = services["transaction-api"], services["api-producer"]
    assert [service.get("profiles") for service in (api, client)] == [["api"], ["api"]]
    assert {name for name, service in services.items() if "profiles" in service} == {
        "transaction-api",
        "api-producer",
    }
    assert "TRANSACTION_API_AUTH" not in api["environment"]
    for service, variable in ((api, "TRANSACTION_API_KEYS_FILE"), (client, "TRANSACTION_API_KEY_FILE")):
        (secret,) = service["secrets"]
        assert service["environment"][variable] == f"/run/secrets/{secret}"


def test_job_and_decision_api_read_the_same_generated_secrets(services: Services) -> None:
    read = {
        name: dict(
            entry.split("=") for entry in services[name]["environment"]["SECRETS_FROM_FILE"].split(",")
        )
        for name in ("jobmanager", "decision-api")
    }
    assert read == {
        "jobmanager": {
            "FRAUDSTREAM_HASH_KEY": "/secrets/hash-key",
            "FRAUDSTREAM_PROFILE_STORE": "/secrets/profile-store",
        },
        "decision-api": {
            "DECISION_API_HASH_KEY": "/secrets/hash-key",
            "DECISION_API_PROFILE_STORE": "/secrets/profile-store",
        },
    }
    mounted = {
        name: [each for each in service.get("volumes", ()) if "secrets" in each]
        for name, service in services.items()
    }
    assert {name: volumes for name, volumes in mounted.items() if volumes} == {
        "secrets": ["secrets:/secrets"],
        "redis": ["secrets:/secrets:ro"],
        "jobmanager": ["secrets:/secrets:ro"],
        "decision-api": ["secrets:/secrets:ro"],
    }
    for name in read:
        assert services[name]["entrypoint"] == ["python", "-m", "fraudstream.runtime.secret_variables"]


def test_the_decision_api_requires_a_key_and_is_published_to_this_machine_only(services: Services) -> None:
    api = services["decision-api"]
    assert "DECISION_API_AUTH" not in api["environment"]
    assert api["environment"]["DECISION_API_KEYS_FILE"] == "/secrets/decision-api-keys"
    assert api["ports"] == ["127.0.0.1:8001:8000"]


def test_the_api_service_serves_its_producer(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Use the service's settings unchanged, except for paths of this machine."""
    keys, key = tmp_path / "keys", tmp_path / "key"
    keys.write_text(f"compose {key_hash('the-key')}\n")
    key.write_text("the-key\n")
    for variable, value in services["transaction-api"]["environment"].items():
        monkeypatch.setenv(variable, value.replace("/run/secrets/transaction-api-keys", str(keys)))
    settings = ApiSettings.load(env_file=None)
    assert (settings.auth, settings.port, settings.host) == ("on", 8_000, "0.0.0.0")  # noqa: S104 - in a container
    assert Authenticator(settings).identify(Headers({"X-API-Key": "the-key"})) == Caller("key:compose")
    variables = services["api-producer"]["environment"]
    access = ApiAccess.from_variables(
        {
            name: value.replace("/run/secrets/transaction-api-key", str(key))
            for name, value in variables.items()
        }
    )
    assert (access.url, access.api_key) == (f"http://transaction-api:{settings.port}", "the-key")


WITH_THE_LOCK_ALONE = """
import sys
from importlib.metadata import packages_distributions
from packaging.utils import canonicalize_name

# An editable install makes the project a distribution too.
locked = {"fraudstream", *sys.argv[1:]}

class Hidden:
    modules = {
        module
        for module, names in packages_distributions().items()
        if not locked & {canonicalize_name(name) for name in names}
    }

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hidden())
import producer.__main__, producer.api.__main__
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_the_producer_image_has_every_package_and_folder_that_the_producers_import() -> None:
    locked = [pin.split("==")[0] for pin in pins("requirements-producer.txt")]
    done = subprocess.run(
        [sys.executable, "-c", WITH_THE_LOCK_ALONE, *locked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stage = (ROOT / "Dockerfile").read_text().split(" AS producer\n")[1].split("\nFROM ")[0]
    copied = set(re.findall(r"^COPY (?!--from)(\S+) ", stage, re.MULTILINE))
    assert copied == set(done.stdout.split()) & {path.name for path in ROOT.iterdir()}


def test_the_flink_image_has_the_minor_release_of_pyflink() -> None:
    image = re.search(r"FLINK_IMAGE=flink:(\d+\.\d+)\.\d+-", (ROOT / "Dockerfile").read_text())
    pyflink = re.search(
        r"^apache-flink==(\d+\.\d+)\.", (ROOT / "requirements-runtime.txt").read_text(), re.MULTILINE
    )
    assert image
    assert pyflink
    assert image[1] == pyflink[1]


def pins(name: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize(
    "name", ["requirements-runtime.txt", "requirements-producer.txt", "requirements-serving.txt"]
)
def test_the_locks_of_the_images_pin_the_versions_that_the_tests_run_with(name: str) -> None:
    assert pins(name) < pins("requirements.txt")


def test_the_build_context_has_exactly_the_files_that_the_dockerfile_copies() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = {match[1] for match in re.finditer(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)}
    ignored, *lines = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert ignored == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert all((ROOT / path).exists() for path in copied)
