"""Output files of bounded mode: concatenation of Flink's part files into one file per output."""

import itertools
import shutil
from pathlib import Path
from typing import Final

import orjson
import pyarrow as pa

from fraudstream.archives.parquet_files import parquet_writer
from fraudstream.archives.record_files import is_parquet
from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.features import METADATA_VERSION, OUT_OF_REACH, RESERVED_NAMES
from fraudstream.runtime.private_files import make_private
from fraudstream.runtime.settings_sources import SettingsError
from jobs.running import JobFailedError

ROWS_PER_BATCH: Final = 10_000
COPIED_BYTES: Final = 8 * 1024 * 1024


def fresh_parts_folder(path: Path) -> Path:
    """Create an empty folder beside ``path``, only for its owner, for Flink's part files and return it.

    Raises `SettingsError` if it can't be created.
    """
    folder = _parts_folder(path)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    except OSError as error:
        msg = f"{path} can't be written: {folder} can't be created ({error.strerror}); use another file"
        raise SettingsError(msg) from None
    return folder


def assemble_output(path: Path, catalogue: Catalogue) -> None:
    """Create the file ``path`` from its part files, in the order in which they were written.

    The file appears under its name only when it is complete. Raises `JobFailedError` if it can't be written.
    """
    folder = _parts_folder(path)
    try:
        _finish(folder, path, catalogue)
        shutil.rmtree(folder)
    except OSError as error:
        msg = f"{path} could not be assembled from {folder}: {error}; free space on its disk and run again"
        raise JobFailedError(msg) from None


def _finish(folder: Path, path: Path, catalogue: Catalogue) -> None:
    parts = sorted(folder.glob("part-*"), key=_part_order)
    if len(parts) == 1 and not is_parquet(path):
        make_private(parts[0])
        parts[0].replace(path)
        return
    with replaced_when_whole(path, is_private=True) as unfinished:
        if is_parquet(path):
            _write_parquet(parts, unfinished, catalogue)
        else:
            _join(parts, unfinished)


def _join(parts: list[Path], path: Path) -> None:
    with path.open("wb") as joined:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, joined, COPIED_BYTES)


def _write_parquet(parts: list[Path], path: Path, catalogue: Catalogue) -> None:
    """Write lines of features as rows: a number per feature, a list of lists for a ``last_n``.

    The column after them has the entities out of reach; null if there are none. A catalogue with features of
    customers' metadata has a last one, with their version.
    """
    types = {
        feature.name: pa.float64() if feature.width == 1 else pa.list_(pa.list_(pa.float64()))
        for feature in catalogue.features
    }
    entities = {OUT_OF_REACH: pa.list_(pa.string())}
    versions = {METADATA_VERSION: pa.string()} if catalogue.of_customers else {}
    schema = pa.schema(dict.fromkeys(RESERVED_NAMES, pa.string()) | types | entities | versions)
    with parquet_writer(path, schema) as writer:
        for part in parts:
            with part.open("rb") as lines:
                while batch := list(itertools.islice(lines, ROWS_PER_BATCH)):
                    writer.write_table(pa.Table.from_pylist([orjson.loads(line) for line in batch], schema))


def _parts_folder(path: Path) -> Path:
    return path.with_name(path.name + ".parts")


def _part_order(part: Path) -> tuple[int, int]:
    # part-<random>-<subtask>-<number>
    *_, subtask, number = part.name.split("-")
    return int(subtask), int(number)
