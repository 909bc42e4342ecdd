from contextlib import nullcontext
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError

import pytest

from drills.cluster import Cluster, ClusterError, submitted_job
from drills.emulator_environment import stream_names, with_own_streams
from drills.live_job import MAX_SAVEPOINT_ATTEMPTS, RESTARTS, LiveJob
from jobs.job_settings import JobSettings


@pytest.fixture(name="job")
def fixture_job(tmp_path: Path) -> LiveJob:
    return LiveJob(Cluster(tmp_path, {}), JobSettings.load(env_file=None), "a1")


def test_the_newest_checkpoint_is_the_highest_complete_number(job: LiveJob) -> None:
    folder = job.cluster.checkpoints / "a1"
    for number, is_complete in ((2, True), (9, True), (10, True), (11, False)):
        (folder / f"chk-{number}").mkdir(parents=True)
        if is_complete:
            (folder / f"chk-{number}" / "_metadata").touch()
    assert job.newest_checkpoint() == (folder / "chk-10").as_uri()


def test_a_job_without_a_complete_checkpoint_cannot_be_resumed(job: LiveJob) -> None:
    (job.cluster.checkpoints / "a1" / "chk-1").mkdir(parents=True)
    with pytest.raises(ClusterError, match="job a1 has no complete checkpoint"):
        job.newest_checkpoint()


class RestJob(LiveJob):
    """A job whose savepoints end as ``outcomes`` say, without a cluster."""

    outcomes: list[dict[str, object]]

    def _ask(self, path: str, body: object = None, method: str | None = None) -> object:
        del body, method
        if path == "/stop":
            return {"request-id": "s1"}
        if path == "/savepoints/s1":
            return {"status": {"id": "COMPLETED"}, "operation": self.outcomes[0]}
        is_stopped = not self.outcomes
        return {"state": "FINISHED" if is_stopped else "RUNNING", "status-counts": {"RUNNING": 2}}

    def _done(self, kind: str, trigger: dict[str, str]) -> dict[str, object]:
        try:
            return super()._done(kind, trigger)
        finally:
            self.outcomes.pop(0)


def stop(job: LiveJob, folder: Path, *outcomes: dict[str, object]) -> str:
    rest_job = RestJob(job.cluster, job.settings, job.job_id)
    rest_job.outcomes = list(outcomes)
    return rest_job.stop_with_savepoint(folder)


@pytest.mark.parametrize("reason", RESTARTS)
def test_a_savepoint_that_meets_a_restart_is_tried_again(job: LiveJob, tmp_path: Path, reason: str) -> None:
    failed: dict[str, object] = {"failure-cause": {"stack-trace": f"CheckpointException: {reason}."}}
    assert stop(job, tmp_path, failed, failed, {"location": "file:/s"}) == "file:/s"
    with pytest.raises(ClusterError, match=reason):
        stop(job, tmp_path, *[failed] * MAX_SAVEPOINT_ATTEMPTS, {"location": "file:/s"})


def test_a_savepoint_that_fails_for_another_reason_is_not_tried_again(job: LiveJob, tmp_path: Path) -> None:
    failed: dict[str, object] = {"failure-cause": {"stack-trace": "CheckpointException: No space left"}}
    with pytest.raises(ClusterError, match="No space left"):
        stop(job, tmp_path, failed, {"location": "file:/s"})


@pytest.mark.parametrize(("code", "is_error"), [(404, False), (500, True)])
def test_a_job_that_a_restarted_jobmanager_does_not_know_has_ended(
    job: LiveJob, monkeypatch: pytest.MonkeyPatch, *, code: int, is_error: bool
) -> None:
    def ask(_cluster: Cluster, path: str, *_more: object) -> object:
        raise HTTPError(path, code, "no answer", Message(), None)

    monkeypatch.setattr(Cluster, "ask", ask)
    with pytest.raises(HTTPError) if is_error else nullcontext():
        job.cancel()


def test_the_job_id_is_parsed_from_the_output_of_flink_run() -> None:
    said = "Job has been submitted with JobID 0123456789abcdef0123456789abcdef\n"
    assert submitted_job(said) == "0123456789abcdef0123456789abcdef"
    with pytest.raises(ClusterError, match="has no job id: nothing"):
        submitted_job("nothing")


def test_each_drill_has_its_own_streams() -> None:
    names = stream_names(with_own_streams(JobSettings.load(env_file=None), "one"))
    assert len(set(names.values())) == 5
    assert all(name.endswith("-one") for name in names.values())


def test_a_process_that_exits_unexpectedly_ends_the_wait_with_its_output(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, {})
    cluster.start("worker", ["sh", "-c", "echo no memory left"])
    try:
        with pytest.raises(ClusterError, match=r"(?s)worker exited while waiting for slots.*no memory"):
            cluster.wait_for("slots", lambda: False)
    finally:
        cluster.end_all()


def test_waiting_ends_at_the_deadline(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="timed out after 0 s waiting for slots"):
        Cluster(tmp_path, {}).wait_for("slots", lambda: False, timeout_s=0)


def test_a_failing_command_raises_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no such option"):
        Cluster(tmp_path, {}).run(["sh", "-c", "echo no such option >&2; exit 3"])


def test_a_process_that_ignores_termination_is_killed_and_so_are_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drills.cluster.END_TIMEOUT_S", 0.5)
    cluster = Cluster(tmp_path, {})
    cluster.start("older", ["sleep", "60"])
    cluster.start("stubborn", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
    cluster.wait_for("trap", lambda: b"ready" in cluster.output("stubborn").read_bytes())
    commands = {name: cluster.commands(name) for name in ("older", "stubborn")}
    cluster.end_all()
    for found in commands.values():
        assert found
        assert not any(Path(f"/proc/{pid}").exists() for pid in found)


def test_a_killed_process_is_not_reported_as_an_unexpected_exit(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, {})
    cluster.start("worker", ["sleep", "60"])
    assert any("sleep 60" in command for command in cluster.commands("worker").values())
    cluster.kill("worker")
    cluster.check("anything")
