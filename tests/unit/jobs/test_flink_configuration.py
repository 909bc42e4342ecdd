"""Which of Flink's options a job gets, as far as its survival depends on them."""

from jobs.environment import flink_configuration
from jobs.job_settings import JobSettings


def options(*arguments: str) -> dict[str, str]:
    return flink_configuration(JobSettings.load(arguments, env_file=None))


def test_checkpoints_that_cannot_be_written_do_not_end_a_live_job() -> None:
    tolerated = int(options()["execution.checkpointing.tolerable-failed-checkpoints"])
    # At one checkpoint a second, more than a year of them.
    assert tolerated > 365 * 24 * 3_600


def test_a_live_job_restarts_without_an_end() -> None:
    assert options()["restart-strategy.type"] == "exponential-delay"
    assert "restart-strategy.exponential-delay.attempts-before-reset-backoff" not in options()
