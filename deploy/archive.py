"""Zip files with the same bytes for the same content, whenever and wherever they are written."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.runtime.project_root import ROOT

EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can name; every file in an archive carries it."""
JOB_PACKAGES: Final = ("fraudstream", "jobs")
"""The packages that the job imports, in its client and in its Python workers."""
NOT_FOR_JOBS: Final = ("fraudstream/web",)
"""Folders of `JOB_PACKAGES` that stay out: no job serves HTTP."""
MODEL_FOLDER: Final = Path("models") / "v1"
"""The default of the setting ``model``, from the project's root."""


def job_sources(root: Path = ROOT) -> Iterator[tuple[str, Path]]:
    """Yield the name in an archive and the path of each module of `JOB_PACKAGES` that a job needs."""
    left_out = [root / folder for folder in NOT_FOR_JOBS]
    for package in JOB_PACKAGES:
        for path in (root / package).rglob("*.py"):
            if not any(path.is_relative_to(folder) for folder in left_out):
                yield path.relative_to(root).as_posix(), path


def files_below(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Yield each file below ``folder`` under its name after ``prefix``, compiled modules left out."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            yield f"{prefix}/{path.relative_to(folder).as_posix()}", path


def write_archive(archive: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Write each file under its name in the archive; sorted, and with one moment for all.

    The archive appears under its name only when it is whole. A name that comes twice is an error.
    """
    contents: dict[str, Path] = {}
    for name, path in files:
        if name in contents:
            msg = f"{name} is to be in {archive.name} twice: {path} and {contents[name]}"
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
    entry.create_system = 3  # Unix, also where the archive is written on something else
    entry.external_attr = 0o644 << 16
    return entry
