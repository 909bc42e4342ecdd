"""Reproducible zip archives: the same content gives the same bytes, at any time and on any machine."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.runtime.project_root import ROOT

EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""Timestamp of every file in an archive, the earliest that the zip format supports."""
JOB_PACKAGES: Final = ("fraudstream", "jobs")
"""Packages that the job imports, in its client and in its Python workers."""
NOT_FOR_JOBS: Final = ("fraudstream/online", "fraudstream/profiles", "fraudstream/sdk", "fraudstream/web")
"""Folders of `JOB_PACKAGES` that are left out: no job serves HTTP, or reads its own profiles."""
MODEL_FOLDER: Final = Path("models") / "v1"
"""Default of the setting ``model``, relative to the project's root."""


FOR_JOBS: Final = ("fraudstream/profiles/__init__.py", "fraudstream/profiles/store_urls.py")
"""Modules below `NOT_FOR_JOBS` that a job needs: it checks the URL of its profile store."""


def job_sources(root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """Yield the archive name and the path of each module of `JOB_PACKAGES` that a job needs."""
    left_out = [root / folder for folder in NOT_FOR_JOBS]
    for package in JOB_PACKAGES:
        for path in (root / package).rglob("*.py"):
            is_left_out = any(path.is_relative_to(folder) for folder in left_out)
            if not is_left_out or path.relative_to(root).as_posix() in FOR_JOBS:
                yield path.relative_to(root).as_posix(), path


def files_below(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Yield the archive name, below ``prefix``, and the path of each file below ``folder``.

    Compiled modules are left out.
    """
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield f"{prefix}/{path.relative_to(folder).as_posix()}", path


def write_archive(archive: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Write the files to an archive, sorted by name and with one timestamp for all.

    The archive appears under its name only when it is complete. Raises ``ValueError`` for a duplicate name.
    """
    contents: dict[str, Path] = {}
    for name, path in files:
        if name in contents:
            msg = f"duplicate name {name} in {archive.name}: {path} and {contents[name]}"
            raise ValueError(msg)
        contents[name] = path
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        replaced_when_whole(archive) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in sorted(contents):
            target.writestr(_entry(name), contents[name].read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, whatever system the archive is written on
    entry.external_attr = 0o644 << 16
    return entry
