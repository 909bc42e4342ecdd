"""How the tests here start the job."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fraudstream.settings import ROOT

JobRunner = Callable[..., subprocess.CompletedProcess[str]]


def run_feature_job(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the job's script as a user does; AWS is out of its reach."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "jobs/feature_job.py", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
