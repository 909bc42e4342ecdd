"""Which of Flink's options a job gets, as far as its survival depends on them."""

from jobs.connectors import connector_for
from jobs.environment import flink_configuration
from jobs.job_settings import JobSettings


def options(*arguments: str) -> dict[str, str]:
    settings = JobSettings.load(arguments, env_file=None)
    return flink_configuration(settings, connector_for(settings).flink_options)


def test_checkpoints_that_cannot_be_written_do_not_end_a_live_job() -> None:
    tolerated = int(options()["execution.checkpointing.tolerable-failed-checkpoints"])
    # At one checkpoint a second, more than a year of them.
    assert tolerated > 365 * 24 * 3_600


def test_a_live_job_restarts_without_an_end() -> None:
    assert options()["restart-strategy.type"] == "exponential-delay"
    assert "restart-strategy.exponential-delay.attempts-before-reset-backoff" not in options()


def test_a_job_over_files_fails_at_once_and_keeps_no_checkpoints() -> None:
    found = options("--source", __file__, "--features-out", "a")
    assert found["restart-strategy.type"] == "disable"
    assert not [name for name in found if "checkpoint" in name]
