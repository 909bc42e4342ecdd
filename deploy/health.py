"""Container health check: exits with 0 if the cluster runs the job and the job works, with 1 if not.

``python -m deploy.health http://127.0.0.1:8081``
"""

import json
import sys
import tempfile
import urllib.error
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fraudstream.runtime.loopback import open_url

TIMEOUT_S: Final = 5
MAX_FAILED_CHECKPOINTS: Final = 3
"""Number of checkpoints that may fail in a row."""
MIN_CHECKPOINT_AGE_MS: Final = 300_000
MAX_CHECKPOINT_INTERVALS: Final = 3
"""The newest completed checkpoint may be this many intervals old, and at least `MIN_CHECKPOINT_AGE_MS`; so
may a job without any."""
MAX_STANDSTILL_MS: Final = 120_000
"""Longest time without a verdict while transactions wait."""
BATCHED: Final = "batch.numRecordsOut"
"""Batches for the scorer: late and conflicting transactions, and labels, are parsed but never scored."""
JUDGED: Final = "verdicts.numRecordsIn"
BEHIND: Final = ".millisBehindLatest"
"""End of the names of the Kinesis source's metrics, one for each shard: how old the newest read record is."""
MEMORY: Final = Path(tempfile.gettempdir()) / "fraudstream-health.json"
"""The last progress seen of each job, since a check is a process of its own."""


@dataclass(frozen=True)
class Progress:
    """Counts of a job's batches at one time (epoch milliseconds, the JobManager's clock)."""

    at_ms: int
    batched: int
    judged: int
    behind_ms: int


def complaint(overview: dict[str, Any]) -> str | None:
    """Return the problem shown by the response of Flink's ``/jobs/overview``; None if all jobs run.

    A job counts as running when all its tasks run: Flink reports RUNNING while the job still waits for a
    TaskManager.
    """
    jobs = overview["jobs"]
    if not jobs:
        return "no job is running"
    for job in jobs:
        running, total = job["tasks"]["running"], job["tasks"]["total"]
        if job["state"] != "RUNNING" or running < total:
            return f"job {job['name']} is {job['state']}, {running} of {total} tasks are running"
    return None


def checkpoint_complaint(
    checkpoints: dict[str, Any], interval_ms: int, started_ms: int, now_ms: int
) -> str | None:
    """Return the problem shown by the response of Flink's ``/jobs/ID/checkpoints``; None if they succeed.

    ``interval_ms`` is the time between two checkpoints, ``started_ms`` the start of the job. Without
    checkpoints a restart would repeat everything since.
    """
    failed = 0
    for each in checkpoints["history"]:  # the newest first
        if each["status"] == "COMPLETED":
            break
        failed += each["status"] == "FAILED"
    if failed >= MAX_FAILED_CHECKPOINTS:
        return f"the last {failed} checkpoints failed"
    newest = checkpoints["latest"]["completed"]
    age_ms = now_ms - (newest["latest_ack_timestamp"] if newest else started_ms)
    if age_ms > max(MIN_CHECKPOINT_AGE_MS, MAX_CHECKPOINT_INTERVALS * interval_ms):
        return f"no checkpoint was completed for {age_ms // 1_000} s"
    return None


def standstill_complaint(last: Progress | None, now: Progress) -> tuple[str | None, Progress]:
    """Return the problem shown by two observations, and the observation to compare the next one with.

    Scoring stands still if nothing is judged although more was batched, or although the source falls behind.
    """
    # A restarted job counts from 0.
    if last is None or last.judged != now.judged or now.batched < last.batched:
        return None, now
    waiting = now.batched > last.batched or now.behind_ms > MAX_STANDSTILL_MS
    still_ms = now.at_ms - last.at_ms
    if not waiting:
        return None, now
    if still_ms > MAX_STANDSTILL_MS:
        return f"transactions wait, and none was scored for {still_ms // 1_000} s", last
    return None, last


def check(url: str, memory: Path) -> str | None:
    """Return the cluster's problem, or None; progress is compared with, and kept in, the file ``memory``."""
    overview = _get(url, "/jobs/overview")
    if problem := complaint(overview):
        return problem
    seen = _remembered(memory)
    problems = []
    kept = {}
    for job in overview["jobs"]:
        details = _get(url, f"/jobs/{job['jid']}")
        problems.append(_checkpoint_problem(url, details))
        problem, kept[job["jid"]] = standstill_complaint(seen.get(job["jid"]), _progress(url, details))
        problems.append(problem)
    memory.write_text(json.dumps({job_id: asdict(progress) for job_id, progress in kept.items()}))
    return next(filter(None, problems), None)


def _checkpoint_problem(url: str, details: dict[str, Any]) -> str | None:
    path = f"/jobs/{details['jid']}/checkpoints"
    interval_ms = _get(url, f"{path}/config")["interval"]
    return checkpoint_complaint(_get(url, path), interval_ms, details["start-time"], details["now"])


def _progress(url: str, details: dict[str, Any]) -> Progress:
    sums = {BATCHED: 0.0, JUDGED: 0.0}
    behind = 0.0
    for vertex in details["vertices"]:
        path = f"/jobs/{details['jid']}/vertices/{vertex['id']}/subtasks/metrics"
        names = [metric["id"] for metric in _get(url, path)]
        wanted = [name for name in names if name in sums or name.endswith(BEHIND)]
        for metric in _get(url, f"{path}?get={','.join(wanted)}") if wanted else []:
            if metric["id"] in sums:
                sums[metric["id"]] += metric["sum"]
            else:
                behind = max(behind, metric["max"])
    return Progress(details["now"], int(sums[BATCHED]), int(sums[JUDGED]), int(behind))


def _remembered(memory: Path) -> dict[str, Progress]:
    try:
        return {job_id: Progress(**seen) for job_id, seen in json.loads(memory.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _get(url: str, path: str) -> Any:  # noqa: ANN401 - JSON
    with open_url(f"{url}{path}", TIMEOUT_S) as answer:
        return json.load(answer)


def main(arguments: list[str], memory: Path = MEMORY) -> int:
    """Check the cluster at the given URL; return 0 if its job works, else print the problem and return 1."""
    (url,) = arguments
    try:
        problem = check(url, memory)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        problem = f"Flink does not respond: {error}"
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
