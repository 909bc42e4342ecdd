from pathlib import Path

import pytest

from drills.cluster import JOBS_A_WORKER, Cluster, renew_taskmanager, start_taskmanager


@pytest.mark.parametrize(("jobs", "is_renewed"), [(JOBS_A_WORKER - 1, False), (JOBS_A_WORKER, True)])
def test_a_worker_is_replaced_after_its_maximum_number_of_jobs(
    *, jobs: int, is_renewed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start_worker(cluster: Cluster, *_options: object) -> None:
        cluster.start("taskmanager", ["sleep", "60"])

    monkeypatch.setattr("drills.cluster.start_taskmanager", start_worker)
    monkeypatch.setattr(Cluster, "has_slots", lambda _cluster: True)
    cluster = Cluster(tmp_path, {})
    start_worker(cluster)
    before = cluster.commands("taskmanager").keys()
    cluster.worker_jobs = jobs
    try:
        renew_taskmanager(cluster)
        assert (cluster.commands("taskmanager").keys() != before) == is_renewed
    finally:
        cluster.end_all()
    assert not any(Path(f"/proc/{pid}").exists() for pid in before)


def test_a_new_worker_has_run_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(Cluster, "start", lambda _cluster, name, *_rest, **_more: started.append(name))
    cluster = Cluster(tmp_path, {})
    cluster.worker_jobs = JOBS_A_WORKER
    start_taskmanager(cluster)
    assert (started, cluster.worker_jobs) == (["taskmanager"], 0)
