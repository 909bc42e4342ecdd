"""One run of the job: the figures between two shares of its output, its CPU time and its metrics."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.process_cpu import DescendantsCpu, parse_stat
from benchmarks.profile_cost_run import CostedJob, CostReading, RunWatch, cost_of
from benchmarks.profile_metrics import WrittenProfiles, sum_of_steps, written_profiles
from benchmarks.progress import OutputSample

URL = "redis://:secret@127.0.0.1:6379/0"
BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ntime.sleep(60)"


def profiles(rows: int) -> WrittenProfiles:
    return WrittenProfiles(rows=rows, bytes=0, marked=0, lag_ms=0)


def test_the_time_in_which_the_store_gets_what_is_left_is_not_measured() -> None:
    growing = [OutputSample(float(at_s), 5 * at_s) for at_s in range(20)]
    held_back = [OutputSample(60.0, 95), OutputSample(61.0, 100), OutputSample(62.0, 100)]
    readings = [CostReading(at_s, 2 * at_s, profiles(int(at_s))) for at_s in (0.0, 10.0, 18.0, 30.0)]
    found = cost_of([*growing, *held_back], readings, transactions=1_000)
    assert found.tx_per_s == pytest.approx(50)
    assert found.cpu_s_per_million == pytest.approx(2 * 13 / 0.65 * 1_000)
    assert found.ending_s == pytest.approx(62 - 19)
    assert found.profiles == profiles(18)


def test_readings_are_taken_once_per_second() -> None:
    shown: list[OutputSample] = []
    watch = RunWatch(lambda at_s: CostReading(at_s, 0.0, None), shown.append)
    for tenth in range(25):
        watch.look(OutputSample(tenth / 10, tenth))
    assert [reading.at_s for reading in watch.readings] == [0.0, 1.0, 2.0]
    assert shown == watch.samples
    assert len(shown) == 25


def test_the_runs_differ_in_the_store_alone_and_hide_its_password(tmp_path: Path) -> None:
    job = CostedJob(source=tmp_path / "in", transactions=10, output="alerts", folder=tmp_path)
    without, with_store = job.program(None, 8_081), job.program(URL, 8_081)
    assert without.commands == with_store.commands
    assert with_store.environment == {**without.environment, "FRAUDSTREAM_PROFILE_STORE": URL}
    (command,) = with_store.commands
    assert command[1:4] == ["-m", "benchmarks.fresh_metrics_job", "--source"]


def test_the_cpu_time_of_a_child_is_kept_after_its_end() -> None:
    cpu = DescendantsCpu(os.getpid())
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert cpu.seconds() >= 0.25
        child.kill()
    time.sleep(0.01)
    assert cpu.seconds() >= 0.25


def test_a_process_may_have_any_name() -> None:
    numbers = " ".join(str(number) for number in range(4, 30))
    stat = parse_stat(f"7 (a b) c) S 3 {numbers}")
    assert (stat.pid, stat.parent) == (7, 3)
    assert stat.cpu_s == pytest.approx((13 + 14) / os.sysconf("SC_CLK_TCK"))
    assert stat.started == 21


def test_the_metrics_of_the_steps_are_added_and_the_oldest_lag_counts() -> None:
    metrics = [
        {"id": f"0.{entity}.{name}", "value": value}
        for entity, values in {"account_id": "1 2 3 4", "device_id": "10 20 30 2"}.items()
        for name, value in zip(
            ("profile_rows", "profile_bytes", "profile_dirty_keys", "profile_lag_ms"),
            values.split(),
            strict=True,
        )
    ]
    assert sum_of_steps(metrics) == WrittenProfiles(rows=11, bytes=22, marked=33, lag_ms=4)
    assert sum_of_steps([]) is None


def test_a_cluster_that_does_not_answer_has_no_metrics() -> None:
    assert written_profiles("http://127.0.0.1:9") is None
