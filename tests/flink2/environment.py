"""A virtual environment with PyFlink 2.2, which cannot be installed beside the project's own PyFlink."""

import hashlib
import subprocess
import sys
from pathlib import Path

from fraudstream.runtime.project_root import ROOT

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
HOME = ROOT / "build" / "flink2-venv"
INSTALLED = HOME / "installed"
"""The digest of the installed list of versions."""


def flink2_python() -> Path:
    """Return the environment's interpreter; rebuild the environment when the list of versions has changed."""
    python = HOME / "bin" / "python"
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not INSTALLED.is_file() or INSTALLED.read_text() != digest:
        _uv("venv", "--clear", "--python", sys.executable, str(HOME))
        _uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(REQUIREMENTS))
        INSTALLED.write_text(digest)
    return python


def _uv(*arguments: str) -> None:
    # Not pip: it needs some minutes for the gigabyte of PyFlink and its dependencies.
    uv = str(Path(sys.executable).with_name("uv"))
    done = subprocess.run([uv, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
