"""The job on real Flink processes: ``flink run`` on a cluster, and the commands of docker-compose.yml."""

import sysconfig
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import pytest
import yaml

from deploy.health import MEMORY
from deploy.package import package
from drills.cluster import (
    JAR,
    QUICK_HEARTBEAT,
    Cluster,
    ClusterError,
    detached_job,
    flink,
    flink_home,
    session_cluster,
    submitted_job,
)
from drills.emulator_environment import emulator_environment, stream_names
from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings
from tests.stack.stack_helpers import read_all, run_module

TRANSACTIONS: Final = 300
BROKEN: Final = 3
THRESHOLD: Final = 0.01
"""Low: with the model's own, none of so few transactions alerts at some hours of the day."""


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
def test_flink_run_submits_the_job_to_a_session_cluster_and_flink_cancel_stops_it(
    kinesis_settings: JobSettings, tmp_path: Path
) -> None:
    created = run_module("localstack.streams")
    assert created.returncode == 0, created.stderr
    package(tmp_path / "fraudstream-python.zip")
    environment = emulator_environment(kinesis_settings) | stream_names(kinesis_settings)
    environment |= {"FRAUDSTREAM_ALERT_THRESHOLD": str(THRESHOLD)}
    (tmp_path / "cluster").mkdir()
    with session_cluster(tmp_path / "cluster", environment) as cluster:
        said = flink(cluster, *detached_job(tmp_path / "fraudstream-python.zip"))
        send_and_expect_scores(cluster, kinesis_settings)
        job_id = submitted_job(said)
        expect_no_web_page_can_run_code(cluster, job_id)
        flink(cluster, "cancel", job_id)
        cluster.wait_for("end of the job", lambda: cluster.job_states() == ["CANCELED"])


def send_and_expect_scores(cluster: Cluster, settings: JobSettings) -> None:
    """Send transactions and check that each is scored once and that scores above the threshold alert."""
    numbers = ["--transactions", str(TRANSACTIONS), "--rate", "1000", "--broken", str(BROKEN)]
    sent = run_module("producer", "stream", *numbers)
    assert sent.returncode == 0, sent.stderr
    scores: dict[str, float] = {}

    def all_scored() -> bool:
        records = map(orjson.loads, data_of(settings, settings.scored_stream))
        scores.update((record["transaction_id"], record["score"]) for record in records)
        return len(scores) >= TRANSACTIONS

    cluster.wait_for("scored transactions", all_scored)
    expected = {transaction_id for transaction_id, score in scores.items() if score >= THRESHOLD}
    assert 0 < len(expected) < TRANSACTIONS
    # The output streams are written independently of each other.
    cluster.wait_for("alerts", lambda: len(data_of(settings, settings.alerts_stream)) >= len(expected))
    cluster.wait_for("dead letters", lambda: len(data_of(settings, settings.dead_letters_stream)) >= BROKEN)
    alerts = run_module("alerts", "tail", "--json", "--idle-seconds", "2")
    assert alerts.returncode == 0, alerts.stderr
    found = [orjson.loads(line) for line in alerts.stdout.splitlines()]
    assert {alert["transaction_id"] for alert in found if alert["kind"] == "score"} == expected
    # Broken records whose ids can be read raise review alerts.
    assert len([alert for alert in found if alert["kind"] == "review"]) <= BROKEN
    assert len(data_of(settings, settings.dead_letters_stream)) == BROKEN
    cluster.wait_for("checkpoint", lambda: list((cluster.folder / "checkpoints").glob("*/chk-*/_metadata")))


def expect_no_web_page_can_run_code(cluster: Cluster, job_id: str) -> None:
    """Send what a page of another origin can send: read, upload a jar and run it, cancel the job."""
    url, origin = cluster.rest_url, {"Origin": "http://evil.example"}
    jar = {"jarfile": ("evil.jar", b"PK", "application/x-java-archive")}
    foreign = {
        "read": httpx.get(f"{url}/config", headers=origin),
        "by another name": httpx.get(f"{url}/config", headers={"Host": "evil.example"}),
        "upload": httpx.post(f"{url}/jars/upload", headers=origin, files=jar),
        "run": httpx.post(f"{url}/jars/evil.jar/run", headers=origin | {"Content-Type": "text/plain"}),
        "submit": httpx.post(f"{url}/jobs", headers=origin, files=jar),
        # A page can have this as the address of a picture, without an Origin.
        "cancel": httpx.get(f"{url}/jobs/{job_id}/yarn-cancel"),
    }
    assert {name: answer.status_code for name, answer in foreign.items()} == dict.fromkeys(foreign, 403)
    assert not any("Access-Control-Allow-Origin" in answer.headers for answer in foreign.values())
    # Without a page's headers, Flink itself refuses what its web page offers.
    assert httpx.post(f"{url}/jars/upload", files=jar).status_code == 400
    assert httpx.post(f"{url}/jars/evil.jar/run").status_code == 404
    config = httpx.get(f"{url}/config")
    assert config.headers["Access-Control-Allow-Origin"] == "http://nobody.invalid"
    assert {name for name, is_on in config.json()["features"].items() if is_on} == set()
    assert not list(cluster.folder.rglob("*evil*"))
    assert cluster.job_states() == ["RUNNING"]


def data_of(settings: JobSettings, stream_name: str) -> list[bytes]:
    return [record.data for record in read_all(settings, stream_name)]


class Composed:
    """docker-compose.yml with each container path replaced by a path on this machine."""

    def __init__(self, cluster: Cluster, emulator_url: str) -> None:
        self._services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        self._options = [*cluster.options(), "-D", QUICK_HEARTBEAT]
        self._temporary = str(cluster.folder / "tmp")
        self._places = {
            "/opt/flink": str(flink_home()),
            "/opt/fraudstream": str(ROOT),
            "file:///checkpoints": (cluster.folder / "checkpoints").as_uri(),
            "http://localstack:4566": emulator_url,
            "http://127.0.0.1:8081": cluster.rest_url,
            "=jobmanager-rpc": "=127.0.0.1",
            "=jobmanager": "=127.0.0.1",
            "=taskmanager-rpc": "=127.0.0.1",
            "${FLINK_REST_BIND_ADDRESS:-127.0.0.1}": "127.0.0.1",
        }

    def command(self, service: str) -> list[str]:
        """Return the command of the service's container."""
        words = [self._outside(word) for word in self._services[service]["command"]]
        if "start-foreground" not in words:
            return words
        # Ports and folders for this test alone, right after the word that every Flink script begins with.
        place = words.index("start-foreground") + 1
        return words[:place] + self._options + words[place:]

    def health_check(self, service: str) -> list[str]:
        """Return the service's health check command."""
        kind, *words = self._services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        return [self._outside(word) for word in words]

    def environment(self, service: str) -> dict[str, str]:
        """Return the service's environment; its /tmp is this test's alone."""
        variables = self._services[service]["environment"]
        return {name: self._outside(value) for name, value in variables.items()} | {"TMPDIR": self._temporary}

    def _outside(self, word: str) -> str:
        for inside, outside in self._places.items():
            word = word.replace(inside, outside)
        return word


def test_the_commands_of_docker_compose_start_a_working_system(
    kinesis_settings: JobSettings, emulator_url: str, tmp_path: Path
) -> None:
    # The variables of the Dockerfile, and the streams of this test; everything else is in docker-compose.yml.
    path = f"{ROOT}:{sysconfig.get_path('purelib')}"
    cluster = Cluster(tmp_path, {"PYTHONPATH": path} | stream_names(kinesis_settings))
    cluster.add_to_lib(JAR, *(flink_home() / "opt").glob("flink-python-*.jar"))
    composed = Composed(cluster, emulator_url)

    def start(service: str) -> None:
        cluster.start(service, composed.command(service), composed.environment(service))

    try:
        cluster.run(composed.command("streams"), composed.environment("streams"))
        for service in ("jobmanager", "taskmanager", "alerts"):
            start(service)
        cluster.wait_for("running job", lambda: is_healthy(cluster, composed, "jobmanager"))
        start("producer")
        cluster.wait_for("alert", lambda: b"ACC_" in cluster.output("alerts").read_bytes())
        assert read_all(kinesis_settings, kinesis_settings.scored_stream)
        # The model runs inside the worker's JVM, so there is no separate Python process.
        commands = "\n".join(cluster.commands("taskmanager").values())
        assert "TaskManagerRunner" in commands
        assert "beam" not in commands
        cluster.wait_for("checkpoint", lambda: list((tmp_path / "checkpoints").glob("*/chk-*/_metadata")))
        # The JobManager dies, and Docker starts its container again.
        cluster.kill("jobmanager")
        start("jobmanager")
        cluster.wait_for("restarted job", lambda: is_healthy(cluster, composed, "jobmanager"))
        cluster.wait_for("counts of the health check", lambda: counts(cluster, composed))
        assert [cluster.end(service) for service in ("producer", "alerts")] == [0, 0]
        expect_continued(cluster, kinesis_settings)
    finally:
        cluster.end_all()


def expect_continued(cluster: Cluster, settings: JobSettings) -> None:
    """Check that the job runs from a checkpoint, and that every transaction was scored."""
    assert "starting from no state" in cluster.output("jobmanager").read_text()
    (job,) = cluster.ask("/jobs")["jobs"]
    restored = cluster.ask(f"/jobs/{job['id']}/checkpoints")["latest"]["restored"]
    assert f"starting from {restored['external_path']}" in cluster.output("jobmanager").read_text().replace(
        "file:///", "file:/"
    )

    def ids(stream: str) -> list[str]:
        return [orjson.loads(data)["transaction_id"] for data in data_of(settings, stream)]

    sent = set(ids(settings.transactions_stream))
    cluster.wait_for("scored transactions", lambda: sent <= set(ids(settings.scored_stream)))
    assert sent


def counts(cluster: Cluster, composed: Composed) -> bool:
    """Return whether the health check finds the metrics that it compares; Flink fetches them with a delay."""
    healthy = is_healthy(cluster, composed, "jobmanager")
    (seen,) = orjson.loads((cluster.folder / "tmp" / MEMORY.name).read_bytes()).values()
    return healthy and min(seen["batched"], seen["judged"]) > 0


def is_healthy(cluster: Cluster, composed: Composed, service: str) -> bool:
    try:
        cluster.run(composed.health_check(service), composed.environment(service))
    except ClusterError:
        return False
    return True
