"""A Python interpreter that imports only the given folders and nothing else of this machine."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON = (sys.executable, "-S", "-P")
"""Without ``.pth`` files, one of which puts the checkout on the path of an editable install, and without the
working folder."""
SITE_PACKAGES = tuple(Path(path) for path in sys.path if Path(path).name == "site-packages")


def import_path(*folders: Path) -> dict[str, str]:
    """Return the variables that restrict imports of `PYTHON` to ``folders``."""
    return {"PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}


def run_isolated(
    arguments: Sequence[str], cwd: Path, variables: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `PYTHON` with ``variables`` added to the environment of the test."""
    return subprocess.run(
        [*PYTHON, *arguments],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
