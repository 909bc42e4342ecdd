import subprocess
import sys
from pathlib import Path

import pytest

from drills.alert_consumer_process import NAME, AlertConsumer
from drills.cluster import Cluster
from drills.emulator_environment import emulator_environment
from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    (tmp_path / "cluster").mkdir()
    return Cluster(tmp_path / "cluster", {})


@pytest.fixture
def consumer(cluster: Cluster, tmp_path: Path) -> AlertConsumer:
    return AlertConsumer(cluster, JobSettings.load([], env_file=None), tmp_path)


def contents(consumer: AlertConsumer) -> list[object]:
    return [received.content for received in consumer.read_new()]


def test_lines_are_read_once_and_a_partial_line_when_it_is_complete(
    consumer: AlertConsumer, tmp_path: Path
) -> None:
    assert consumer.read_new() == []
    file = tmp_path / "alerts.jsonl"
    file.write_bytes(b'{"alert_id": "1"}\n{"alert_id": "2"}\n{"aler')
    assert contents(consumer) == [{"alert_id": "1"}, {"alert_id": "2"}]
    assert contents(consumer) == []
    with file.open("ab") as lines:
        lines.write(b't_id": "3"}\n')
    assert contents(consumer) == [{"alert_id": "3"}]
    assert [received.content["alert_id"] for received in consumer.records] == ["1", "2", "3"]


def test_a_partial_line_left_by_a_crash_and_truncated_by_the_next_run_is_never_returned(
    consumer: AlertConsumer, tmp_path: Path
) -> None:
    file = tmp_path / "alerts.jsonl"
    file.write_bytes(b'{"alert_id": "1"}\n{"alert')
    consumer.read_new()
    file.write_bytes(b'{"alert_id": "1"}\n{"alert_id": "2"}\n')
    assert contents(consumer) == [{"alert_id": "2"}]


def test_closing_stops_only_a_consumer_that_was_started(cluster: Cluster, consumer: AlertConsumer) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    cluster.start("other", sleep)
    try:
        consumer.close()
        assert cluster.has("other")
        cluster.start(NAME, sleep)
        consumer.close()
        assert not cluster.has(NAME)
        assert cluster.has("other")
    finally:
        cluster.end("other")


def test_processes_of_a_drill_read_no_settings_from_the_working_folder(
    tmp_path: Path,
) -> None:
    settings = JobSettings.load(["--aws-endpoint-url", "http://127.0.0.1:4566"], env_file=None)
    (tmp_path / ".env").write_text("AWS_ENDPOINT_URL=http://127.0.0.1:1\n")
    code = "from jobs.job_settings import JobSettings; print(JobSettings.load([]).endpoint_url)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=emulator_environment(settings) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "http://127.0.0.1:4566\n"
