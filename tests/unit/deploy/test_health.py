from typing import Any

import pytest

from deploy.health import complaint, main


def job(state: str, running: int, total: int = 8) -> dict[str, Any]:
    return {"name": "fraudstream", "state": state, "tasks": {"running": running, "total": total}}


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([job("RUNNING", 8)], None),
        ([], "no job is running"),
        ([job("RUNNING", 0)], "job fraudstream is RUNNING, 0 of 8 tasks are running"),
        ([job("RESTARTING", 0)], "job fraudstream is RESTARTING, 0 of 8 tasks are running"),
        ([job("RUNNING", 8), job("FAILED", 0)], "job fraudstream is FAILED, 0 of 8 tasks are running"),
    ],
)
def test_a_cluster_is_healthy_when_every_task_of_every_job_runs(
    jobs: list[dict[str, Any]], expected: str | None
) -> None:
    assert complaint({"jobs": jobs}) == expected


def test_an_unresponsive_cluster_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["http://127.0.0.1:9"]) == 1
    assert "does not respond" in capsys.readouterr().err
