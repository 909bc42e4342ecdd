"""The golden lists of the archives' contents: ``python -m tests.golden.archives --write``.

A line is a file of the project, or ``wheel`` and the name of a package, whose files are not listed
because they change with each release. Rewrite the lists after a change that moves modules, and review
the diff.
"""

import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from deploy import managed_flink, package
from fraudstream.runtime.project_root import ROOT

FOLDER: Final = ROOT / "tests" / "golden" / "archives"
ARCHIVES: Final[Mapping[str, Callable[[Path], None]]] = {
    "fraudstream-python": package.package,
    "managed-flink": managed_flink.package,
}
"""The function that writes each archive."""
_DIST_INFO: Final = re.compile(r"(?P<name>[^/]+)-[^-/]+\.dist-info$")


def golden(archive: str) -> Path:
    """Return the file of an archive's list."""
    return FOLDER / f"{archive}.txt"


def listing(archive: Path) -> str:
    """Return the sorted list of a zip archive's files; a wheel's files are those that its RECORD lists."""
    with zipfile.ZipFile(archive) as zipped:
        names = set(zipped.namelist())
        wheels = set()
        for record in [name for name in names if name.endswith(".dist-info/RECORD")]:
            info = PurePosixPath(record).parent
            wheels.add(f"wheel {_wheel(info)}")
            names -= {f"{info.parent}/{file}" for file in _files(zipped.read(record).decode())}
    return "".join(f"{line}\n" for line in [*sorted(names), *sorted(wheels)])


def _wheel(info: PurePosixPath) -> str:
    found = _DIST_INFO.match(info.name)
    if found is None:
        msg = f"{info} is no folder of a wheel's metadata"
        raise ValueError(msg)
    return found["name"]


def _files(record: str) -> list[str]:
    """Return the files of a wheel from lines of path, hash and size."""
    return [line.rsplit(",", 2)[0] for line in record.splitlines()]


def main(arguments: list[str]) -> int:
    """Rewrite the lists with ``--write``; this downloads the wheels."""
    if arguments != ["--write"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name, write in ARCHIVES.items():
        with TemporaryDirectory() as folder:
            archive = Path(folder) / f"{name}.zip"
            write(archive)
            golden(name).write_text(listing(archive))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
