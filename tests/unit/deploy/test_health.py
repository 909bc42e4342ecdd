import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.health import Progress, checkpoint_complaint, complaint, main, standstill_complaint


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


def checkpoints(*history: str, completed_ms: int | None = 0) -> dict[str, Any]:
    newest = None if completed_ms is None else {"latest_ack_timestamp": completed_ms}
    return {"history": [{"status": status} for status in history], "latest": {"completed": newest}}


@pytest.mark.parametrize(
    ("found", "now_ms", "expected"),
    [
        (checkpoints("COMPLETED", "FAILED", "FAILED", "FAILED"), 1_000, None),
        (checkpoints("FAILED", "FAILED", "COMPLETED", "FAILED"), 1_000, None),
        (checkpoints("IN_PROGRESS", "FAILED", "FAILED", "FAILED"), 1_000, "the last 3 checkpoints failed"),
        (
            checkpoints("FAILED", "FAILED", "FAILED", "FAILED", completed_ms=None),
            1_000,
            "the last 4 checkpoints failed",
        ),
        (checkpoints("COMPLETED", completed_ms=7_000), 307_000, None),
        (checkpoints("IN_PROGRESS", completed_ms=7_000), 307_001, "no checkpoint was completed for 300 s"),
        (checkpoints(completed_ms=None), 300_000, None),
        (checkpoints(completed_ms=None), 400_000, "no checkpoint was completed for 400 s"),
    ],
)
def test_failed_and_missing_checkpoints_are_unhealthy(
    found: dict[str, Any], now_ms: int, expected: str | None
) -> None:
    assert checkpoint_complaint(found, 10_000, 0, now_ms) == expected


def test_a_checkpoint_may_be_three_long_intervals_old() -> None:
    hourly = checkpoints("COMPLETED", completed_ms=0)
    assert checkpoint_complaint(hourly, 3_600_000, 0, 10_800_000) is None
    problem = "no checkpoint was completed for 10801 s"
    assert checkpoint_complaint(hourly, 3_600_000, 0, 10_801_000) == problem


def progress(at_s: int, batched: int = 100, judged: int = 90, behind_ms: int = 0) -> Progress:
    return Progress(at_s * 1_000, batched, judged, behind_ms)


LAST = progress(0)
STILL = "transactions wait, and none was scored for 121 s"


@pytest.mark.parametrize(
    ("last", "now", "expected", "kept"),
    [
        (None, progress(500), None, "now"),
        (LAST, progress(500, judged=91), None, "now"),
        # No transaction arrived, so none can be scored.
        (LAST, progress(500), None, "now"),
        (LAST, progress(120, batched=101), None, "last"),
        (LAST, progress(121, batched=101), STILL, "last"),
        # The scorer holds everything up, so no batch is made either.
        (LAST, progress(121, behind_ms=120_001), STILL, "last"),
        (LAST, progress(121, behind_ms=120_000), None, "now"),
        # A restarted job counts from the beginning.
        (LAST, progress(500, batched=5, judged=90), None, "now"),
    ],
)
def test_scoring_that_stands_still_is_unhealthy(
    last: Progress | None, now: Progress, expected: str | None, kept: str
) -> None:
    assert standstill_complaint(last, now) == (expected, now if kept == "now" else last)


METRICS = [
    # Late and conflicting transactions are parsed too, but never scored.
    {"id": "parse.numRecordsOut", "sum": 5_000.0, "max": 2_500.0},
    {"id": "batch.numRecordsOut", "sum": 50.0, "max": 25.0},
    {"id": "verdicts.numRecordsIn", "sum": 7.0, "max": 4.0},
    {"id": "Source.shardId-0.millisBehindLatest", "sum": 9.0, "max": 9.0},
    {"id": "other", "sum": 1e9, "max": 1e9},
]


class Cluster(http.server.BaseHTTPRequestHandler):
    """A JobManager whose answers the test sets."""

    now_ms = 1_000
    judged = 7.0

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        metrics = [each | ({"sum": self.judged} if "verdicts" in str(each["id"]) else {}) for each in METRICS]
        wanted = query.removeprefix("get=").split(",")
        answers: dict[str, Any] = {
            "/jobs/overview": {"jobs": [job("RUNNING", 8) | {"jid": "a"}]},
            "/jobs/a": {
                "jid": "a",
                "start-time": 0,
                "now": self.now_ms,
                "vertices": [{"id": "v"}, {"id": "w"}],
            },
            "/jobs/a/checkpoints": checkpoints("COMPLETED", completed_ms=self.now_ms),
            "/jobs/a/checkpoints/config": {"interval": 10_000},
            "/jobs/a/vertices/v/subtasks/metrics": [
                each for each in metrics if not query or each["id"] in wanted
            ],
            "/jobs/a/vertices/w/subtasks/metrics": [],
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answers[path]).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Cluster, "now_ms", 1_000)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_checks_remember_the_progress_of_the_last_one(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = tmp_path / "memory.json"
    assert main([url], memory) == 0
    assert json.loads(memory.read_text()) == {"a": vars_of(Progress(1_000, 50, 7, 9))}
    memory.write_text(json.dumps({"a": vars_of(Progress(1_000, 49, 7, 9))}))
    monkeypatch.setattr(Cluster, "now_ms", 200_000)
    assert main([url], memory) == 1
    assert "none was scored for 199 s" in capsys.readouterr().err
    monkeypatch.setattr(Cluster, "judged", 8.0)
    assert main([url], memory) == 0


def test_each_job_is_compared_with_itself(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "memory.json"
    other = vars_of(Progress(1_000, 49, 7, 9))
    memory.write_text(json.dumps({"b": other}))
    monkeypatch.setattr(Cluster, "now_ms", 200_000)
    assert main([url], memory) == 0
    assert json.loads(memory.read_text()) == {"a": vars_of(Progress(200_000, 50, 7, 9))}


@pytest.mark.parametrize("content", ["", "{}", "[1]", "null", '{"a": 1}', '{"a": {"parsed": 1}}'])
def test_an_unreadable_memory_is_replaced(url: str, tmp_path: Path, content: str) -> None:
    memory = tmp_path / "memory.json"
    memory.write_text(content)
    assert main([url], memory) == 0
    assert json.loads(memory.read_text())["a"]["batched"] == 50


def vars_of(progress: Progress) -> dict[str, Any]:
    return {name: getattr(progress, name) for name in progress.__dataclass_fields__}
