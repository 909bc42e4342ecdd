"""Third-party packages of an archive: locked wheels for the platform of an AWS service."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final

from deploy.archive import files_below
from fraudstream.runtime.project_root import ROOT

LOCK: Final = ROOT / "requirements-runtime.txt"
PLATFORM: Final = ("--python-platform", "x86_64-manylinux_2_28", "--python-version", "3.11")
OF_UV: Final = frozenset({".lock", "INSTALLER", "REQUESTED"})
"""Files by which uv records how it has installed packages; they are not part of them."""


class PackagingError(Exception):
    """The archive can't be written. The message says what is missing or what went wrong."""


def locked(names: tuple[str, ...], lock: str) -> str:
    """Return the part of a lock file that pins ``names``, including hashes.

    Raises `PackagingError` if one of them is missing.
    """
    lines = lock.splitlines()
    parts: list[str] = []
    for name in names:
        start = next((at for at, line in enumerate(lines) if line.startswith(f"{name}==")), None)
        if start is None:
            msg = f"{LOCK.name} does not pin {name}; run `make lock`"
            raise PackagingError(msg)
        hashes = takewhile(lambda line: line.startswith(" "), lines[start + 1 :])
        parts += [lines[start], *hashes]
    return "\n".join([*parts, ""])


def install_third_party(names: tuple[str, ...], target: Path) -> None:
    """Unpack the locked wheels of ``names`` for `PLATFORM` into ``target``, without their dependencies.

    Raises `PackagingError` if one of them is not locked or can't be had.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(locked(names, LOCK.read_text()))
        requirements.flush()
        uv = Path(sys.executable).with_name("uv")
        command: list[str | Path] = [uv, "pip", "install", "--quiet", "--target", target, *PLATFORM]
        command += ["--only-binary", ":all:", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*command, "--requirements", requirements.name], capture_output=True, text=True, check=False
        )
    if done.returncode:
        msg = f"the packages could not be installed: {done.stderr.strip()}"
        raise PackagingError(msg)


def third_party_files(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Yield the archive name, below ``prefix``, and the path of each file of the packages in ``folder``."""
    for name, path in files_below(folder, prefix):
        if path.name not in OF_UV and path.parent.name != "bin":
            yield name.removeprefix("/"), path
