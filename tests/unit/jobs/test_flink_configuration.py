"""The Flink options that a job's recovery depends on."""

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
