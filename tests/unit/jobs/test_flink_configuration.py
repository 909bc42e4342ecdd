"""The Flink options that a job's recovery and its closed ports depend on."""

import os
from pathlib import Path

import pytest

from jobs import environment, feature_job
from jobs.connectors import connector_for
from jobs.environment import flink_configuration
from jobs.job_settings import JobSettings


def options(*arguments: str) -> dict[str, str]:
    settings = JobSettings.load(arguments, env_file=None)
    return flink_configuration(settings, connector_for(settings).flink_options)


def test_failing_checkpoints_do_not_stop_a_live_job() -> None:
    tolerated = int(options()["execution.checkpointing.tolerable-failed-checkpoints"])
    # More than a year of them at one checkpoint per second.
    assert tolerated > 365 * 24 * 3_600


def test_a_live_job_restarts_without_limit() -> None:
    assert options()["restart-strategy.type"] == "exponential-delay"
    assert "restart-strategy.exponential-delay.attempts-before-reset-backoff" not in options()


def test_a_job_over_files_fails_at_once_and_takes_no_checkpoints() -> None:
    found = options("--source", __file__, "--features-out", "a")
    assert found["restart-strategy.type"] == "disable"
    assert not [name for name in found if "checkpoint" in name]


@pytest.mark.parametrize(("arguments", "level"), [((), "closed"), (("--rest-port", "8081"), "read")])
def test_the_rest_port_of_the_mini_cluster_is_closed_unless_asked_for(
    arguments: tuple[str, ...], level: str
) -> None:
    found = options(*arguments)
    assert found["fraudstream.rest.access"] == level
    assert (found["web.submit.enable"], found["web.cancel.enable"]) == ("false", "false")
    assert (found["rest.address"], found["rest.bind-address"]) == ("127.0.0.1", "127.0.0.1")
    assert "*" not in found["web.access-control-allow-origin"]


def test_a_clusters_rest_port_is_the_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYFLINK_GATEWAY_PORT", "1")
    assert not [name for name in options() if "rest." in name or name.startswith("web.")]


def test_pyflink_opens_no_port_for_python_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "get_gateway", lambda: None)
    monkeypatch.delenv("_python_worker_execution_mode", raising=False)
    environment.start_jvm({})
    assert os.environ["_python_worker_execution_mode"] == "process"  # noqa: SIM112 - PyFlink's name


@pytest.mark.parametrize(("is_local", "mode"), [(True, 0o600), (False, 0o644)])
def test_only_the_owner_reads_the_files_of_a_local_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_local: bool, mode: int
) -> None:
    if not is_local:
        monkeypatch.setenv("PYFLINK_GATEWAY_PORT", "1")
    before = os.umask(0o022)
    try:
        assert feature_job.main(["--catalogue", str(tmp_path / "none.json")]) == 2
        (tmp_path / "checkpoint").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "checkpoint").stat().st_mode & 0o777 == mode
