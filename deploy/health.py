"""Container health check: exits with 0 if the cluster runs the job, with 1 if not.

``python -m deploy.health http://127.0.0.1:8081``
"""

import json
import sys
import urllib.error
from typing import Any, Final

from fraudstream.runtime.loopback import open_url

TIMEOUT_S: Final = 5


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


def main(arguments: list[str]) -> int:
    """Check the cluster at the given URL; return 0 if its job runs, else print the problem and return 1."""
    (url,) = arguments
    try:
        with open_url(f"{url}/jobs/overview", TIMEOUT_S) as answer:
            problem = complaint(json.load(answer))
    except (urllib.error.URLError, TimeoutError) as error:
        problem = f"Flink does not respond: {error}"
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
