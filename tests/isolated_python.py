"""A Python that imports what it is told to and nothing else of this machine's tree."""

import os
import subprocess
import sys
from pathlib import Path

SITE_PACKAGES = [path for path in sys.path if Path(path).name == "site-packages"]
PYTHON = (sys.executable, "-S", "-P")
"""Without ``.pth`` files, one of which puts the checkout on the path of an editable install, and without the
working folder."""


def import_path(*folders: Path) -> dict[str, str]:
    """Return the variables that let `PYTHON` import from ``folders`` and from the third-party packages."""
    path = os.pathsep.join([*map(str, folders), *SITE_PACKAGES])
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def run_isolated(folder: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `PYTHON` in ``folder``, which is all that it can import beside third-party packages."""
    return subprocess.run(
        [*PYTHON, *arguments],
        cwd=folder,
        env=os.environ | import_path(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
