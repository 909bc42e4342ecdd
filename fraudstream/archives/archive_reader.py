"""Archive reader: the files of a folder, on disk or on S3, as one sequence of records."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.filesize import decimal

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.locations import S3Uri
from fraudstream.archives.record_files import (
    SUFFIXES,
    RecordType,
    check_kind,
    check_regular,
    file_errors,
    is_of_a_known_kind,
    read_lines,
)
from fraudstream.archives.record_progress import bytes_bar
from fraudstream.runtime.aws_settings import AwsSettings
from fraudstream.runtime.terminal import printable, shown

if TYPE_CHECKING:
    from fraudstream.archives.s3_objects import S3, S3Object

DELTA_LOG: Final = "_delta_log"
DELTA_WARNING: Final = (
    "is a Delta table, whose log is not read: rows that were deleted or rewritten there are read too, if "
    "their files are left; export the table's current rows"
)
_KINDS: Final = f"{', '.join(SUFFIXES)}, or an uncompressed Firehose object"


@dataclass(frozen=True)
class ArchivedFile:
    """One file of an archive. ``name`` is its path or S3 URI; ``opened`` yields its path on disk.

    ``inner`` is its path within the archive.
    """

    name: str
    size_bytes: int
    opened: Callable[[], AbstractContextManager[Path]]
    inner: str


def archived_lines(location: S3Uri | Path, settings: AwsSettings, record_type: RecordType) -> Iterator[bytes]:
    """Yield the records of a file, a folder or an S3 location as JSON, one file at a time.

    Files are sorted by the bytes of their path within the folder, or of their S3 key; the records of a file
    keep their order. S3 objects are copied to the temporary folder one by one. Files of other kinds and
    hidden ones (`is_visible`) are skipped and counted on standard error. Raises `ArchiveError` if a file
    can't be read or no file is found.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    files = _supported_files(archived_files(location, settings), location, console)
    with bytes_bar(console) as progress:
        task = progress.add_task(str(location), total=sum(file.size_bytes for file in files))
        for file in files:
            with file.opened() as path:
                yield from read_lines(path, record_type, name=file.name)
            progress.advance(task, file.size_bytes)


def archived_files(location: S3Uri | Path, settings: AwsSettings) -> list[ArchivedFile]:
    """Return all files of an archive in order, including those that hold no records.

    Raises `ArchiveError` if they can't be listed.
    """
    if isinstance(location, S3Uri):
        from fraudstream.archives.s3_objects import S3  # noqa: PLC0415 - files on disk don't need boto3

        s3 = S3(settings)
        return [_on_s3(s3, each, location) for each in s3.objects(location)]
    if not location.is_dir():
        return [_on_disk(location)]
    try:
        # By bytes, as S3 sorts keys: an archive has the same order on disk and on S3.
        paths = sorted(_files_below(location), key=lambda path: os.fsencode(path.relative_to(location)))
        return [_on_disk(path, location) for path in paths]
    except OSError as error:
        msg = f"{location} can't be listed ({error}); check its permissions"
        raise ArchiveError(msg) from None


def _files_below(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        yield from (Path(parent, name) for name in names)
        # Links to folders are not followed, as they may lead back; they are reported like unsupported files.
        yield from (path for path in (Path(parent, name) for name in folders) if path.is_symlink())


def _on_disk(path: Path, folder: Path | None = None) -> ArchivedFile:
    """Return a file; raises `ArchiveError` if it would be read and is not a regular file."""
    inner = path.name if folder is None else str(path.relative_to(folder))
    if folder is not None and not (is_of_a_known_kind(inner) and is_visible(inner)):
        return ArchivedFile(str(path), 0, lambda: nullcontext(path), inner)
    with file_errors(str(path)):
        check_regular(path, str(path))
        return ArchivedFile(str(path), path.stat().st_size, lambda: nullcontext(path), inner)


def _on_s3(s3: "S3", listed: "S3Object", location: S3Uri) -> ArchivedFile:
    @contextmanager
    def opened() -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="fraudstream-") as folder:
            # Keep only the suffix, which tells the kind: the rest of a key may not be a valid file name.
            path = Path(folder, "object").with_suffix(PurePosixPath(listed.uri.key).suffix)
            s3.download(listed.uri, path)
            yield path

    inner = listed.uri.key.removeprefix(location.key).lstrip("/") or PurePosixPath(listed.uri.key).name
    return ArchivedFile(str(listed.uri), listed.size_bytes, opened, inner)


def _supported_files(
    files: list[ArchivedFile], location: S3Uri | Path, console: Console
) -> list[ArchivedFile]:
    """Return the files that hold records and report the others; a single file is not checked."""
    if isinstance(location, Path) and not location.is_dir():
        check_kind(location)
        return files
    present = [file for file in files if not file.name.endswith("/")]
    hidden = [file for file in present if not is_visible(file.inner)]
    known = [file for file in present if is_visible(file.inner) and is_of_a_known_kind(file.name)]
    others = [file.name for file in present if is_visible(file.inner) and not is_of_a_known_kind(file.name)]
    if not known:
        found = f"{len(others):,} unsupported files, e.g. {others[0]}" if others else "no files"
        if hidden and not others:
            found = f"only hidden files (_* or .*), e.g. {hidden[0].name}"
        msg = f"{location} has {found}; give a folder or key with record files ({_KINDS})"
        raise ArchiveError(msg)
    size = decimal(sum(file.size_bytes for file in known))
    console.print(shown(f"reading {len(known):,} files from {location}, {size}"), markup=False)
    if others:
        example = printable(others[0])
        console.print(f"skipped {len(others):,} unsupported files, e.g. {example}", markup=False)
    if hidden:
        example = printable(hidden[0].name)
        console.print(f"skipped {len(hidden):,} hidden files (_* or .*), e.g. {example}", markup=False)
    if any(DELTA_LOG in PurePosixPath(file.inner).parts for file in hidden):
        console.print(f"{printable(str(location))} {DELTA_WARNING}", markup=False)
    return known


def is_visible(inner: str) -> bool:
    """Whether no part of a path within an archive begins with ``_`` or ``.``.

    Spark, Delta Lake and file managers name markers, logs, temporary and hidden files so.
    """
    return not any(part.startswith(("_", ".")) for part in PurePosixPath(inner).parts)
