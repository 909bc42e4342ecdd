"""How the tests here start the job."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fraudstream.runtime.project_root import ROOT

JobRunner = Callable[..., subprocess.CompletedProcess[str]]

# AWS is out of a job's reach. PyFlink leaves FLINK_HOME behind in the process of the tests, and another
# release of it would take that for its own.
HIDDEN = ("AWS_", "LOCALSTACK_", "FLINK_", "PYFLINK_", "HADOOP_")


def outside_environment() -> dict[str, str]:
    """Return the environment as it is outside of the tests: nothing of AWS, nothing of Flink."""
    return {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}


def run_feature_job(
    *arguments: str | Path, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run the job's script as a user does, with the PyFlink of ``python``."""
    return subprocess.run(
        [str(python), "jobs/feature_job.py", *map(str, arguments)],
        cwd=ROOT,
        env=outside_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
