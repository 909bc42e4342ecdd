"""Virtual environment of the contenders outside Flink, which need another numpy than PyFlink."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from benchmarks.errors import RunFailedError

REQUIREMENTS: Final = Path(__file__).with_name("requirements-rival.txt")


def rival_python(folder: Path) -> Path:
    """Return the interpreter of the environment under ``folder``, created once per list of versions.

    Raises `RunFailedError` if the packages can't be installed.
    """
    home = folder / f"venv-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    python, installed = home / "bin" / "python", home / "installed"
    if not installed.is_file():
        venv.create(home, clear=True, with_pip=True)
        _install(python)
        installed.touch()
    return python


def _install(python: Path) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "-r", str(REQUIREMENTS)]
    done = subprocess.run(command, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        msg = f"the packages of {REQUIREMENTS} could not be installed; see pip's output above"
        raise RunFailedError(msg)
