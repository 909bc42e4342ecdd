"""Start the job for the tests of this folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fraudstream.runtime.project_root import ROOT

JobRunner = Callable[..., subprocess.CompletedProcess[str]]

# The job must not reach AWS. PyFlink leaves FLINK_HOME in the environment of the test process, and another
# release of PyFlink would use it as its own.
HIDDEN = ("AWS_", "LOCALSTACK_", "FLINK_", "PYFLINK_", "HADOOP_")


def outside_environment() -> dict[str, str]:
    """Return the environment without the AWS and Flink variables that tests add."""
    return {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}


def run_feature_job(
    *arguments: str | Path, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run the job's script as a user does, with the PyFlink installation of ``python``."""
    return subprocess.run(
        [str(python), "jobs/feature_job.py", *map(str, arguments)],
        cwd=ROOT,
        env=outside_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
