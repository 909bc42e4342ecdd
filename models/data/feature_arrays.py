"""Features of a file's transactions: computed by the same job that scores, read into an array."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.parquet_files import ParquetFile, opened_parquet
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.features import RESERVED_NAMES
from fraudstream.runtime.aws_settings import ENV_PREFIX
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import ENV_FILE_VARIABLE
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.single_precision import single_precision
from models.data.records import keys_of


def compute_features(
    transactions: Path, features: Path, catalogue: Path | None = None, labels: Path | None = None
) -> Path:
    """Run the job in bounded mode from one file to the other; raises `ModelError` if it fails.

    Without ``catalogue``, the features are the built-in ones, with fraud rates if there are ``labels``.
    """
    command = [sys.executable, "jobs/feature_job.py", "--parallelism", "1"]
    command += ["--source", str(transactions.resolve()), "--features-out", str(features.resolve())]
    command += ["--catalogue", str(catalogue.resolve())] if catalogue else []
    command += ["--labels", str(labels.resolve())] if labels else []
    job = subprocess.run(
        command, cwd=ROOT, env=_environment(), check=False, stderr=subprocess.PIPE, text=True
    )
    if job.returncode != 0:
        said = job.stderr.splitlines() or [f"exit code {job.returncode} without an error message"]
        msg = f"the job that computes the features failed: {said[-1]}"
        raise ModelError(msg)
    return features


def _environment() -> dict[str, str]:
    """Return the environment without the user's settings, so that a seed always gives the same features."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    return inherited | {ENV_FILE_VARIABLE: os.devnull}


def read_keys(path: Path) -> pa.ChunkedArray:
    """Return the keys (`keys_of`) of a Parquet file of features, in the order of the file.

    Raises `ModelError` if it can't be read.
    """
    with _opened(path) as file:
        _check_names(path, file, RESERVED_NAMES)
        return keys_of(file.columns(RESERVED_NAMES))


def read_features(
    path: Path, catalogue: Catalogue, places: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.float32]:
    """Read a Parquet file of features, shape (rows, width of the catalogue's vector).

    NaN is a missing value, or one that single precision can't hold. Row i of the file goes to row
    ``places[i]``, or to row i without ``places``, so that reordering needs no second array. Raises
    `ModelError` if the file can't be read or lacks a feature of the catalogue.
    """
    with _opened(path) as file:
        _check_names(path, file, catalogue.names)
        rows = np.arange(file.rows) if places is None else places
        found = np.full((len(rows), catalogue.width), np.nan, dtype=np.float32)
        start = 0
        for table in file.row_groups(catalogue.names):
            found[rows[start : start + len(table)]] = _vectors(table, catalogue)
            start += len(table)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[ParquetFile]:
    try:
        with opened_parquet(path) as file:
            yield file
    except ArchiveError as error:
        raise ModelError(str(error)) from None


def _check_names(path: Path, file: ParquetFile, names: Iterable[str]) -> None:
    missing = [name for name in names if name not in file.names]
    if missing:
        msg = f"{path} has no feature {missing[0]!r}; compute the features with the same catalogue"
        raise ModelError(msg)


def _vectors(table: pa.Table, catalogue: Catalogue) -> npt.NDArray[np.float32]:
    vectors = np.full((len(table), catalogue.width), np.nan, dtype=np.float64)
    for feature in catalogue.features:
        column, there = table[feature.name].combine_chunks(), catalogue.slices[feature.name]
        if feature.width == 1:
            vectors[:, there.start] = column.to_numpy(zero_copy_only=False)
        else:
            _put_triples(vectors[:, there], column)
    return single_precision(vectors)[0]


def _put_triples(places: npt.NDArray[np.float64], column: pa.ListArray) -> None:
    """Fill the places of a ``last_n`` (n amounts, n gaps, n values) from lists of such triples."""
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    triples = column.flatten().flatten().to_numpy(zero_copy_only=False).reshape(-1, 3)
    rows = np.repeat(np.arange(len(counts)), counts)
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    by_kind = places.reshape(len(places), 3, -1)
    by_kind[rows, :, ranks] = triples
