"""The soak's measurements of a real job on a cluster."""

from pathlib import Path

from benchmarks.latency import stamps
from drills.soak.soak_job import running_job
from drills.soak.soak_traffic import traffic_file

TRANSACTIONS = 100_000
RATE = 2_000


def test_the_resources_of_a_running_job_are_measured(tmp_path: Path) -> None:
    source = traffic_file(tmp_path, TRANSACTIONS, lambda _: None)
    with running_job(tmp_path / "soak", source, "--source-rate", str(RATE)) as job:
        first = job.sample(0.0)
        job.cluster.wait_for("transactions", lambda: job.records() >= first.records + 2 * RATE)
        job.cluster.wait_for("alerts", lambda: next(job.alerts(), None))
        last, live_heap_mb = job.sample(1.0), job.live_heap_mb()
        alerts = list(job.alerts())
    assert 0 < first.records < last.records <= TRANSACTIONS
    assert last.state_mb is not None
    assert 0 < last.state_mb < 1_000
    # Live objects are a part of the process; the trees and numpy alone need 50 MB of Python memory.
    assert 10 < live_heap_mb < last.jvm_resident_mb < 6_000
    assert 50 < last.python_resident_mb < 3_000
    assert last.heap_mb > 10
    assert last.non_heap_mb > 10
    assert last.direct_mb > 0
    arrivals_ms, latencies_ms = stamps(alerts)
    assert len(arrivals_ms) == len(alerts) > 0
    assert (latencies_ms >= 0).all()
