"""Labelled training data: made by the producer's generator, its features by the very job that scores."""

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from fraudstream.catalogue import Catalogue
from fraudstream.reference import Triple
from fraudstream.settings import ENV_FILE_VARIABLE, ENV_PREFIX, ROOT
from fraudstream.transaction import FraudType
from models.manifest import ModelError
from producer.simulation import TrafficOptions, generate


@dataclass(frozen=True, slots=True)
class Dataset:
    """Transactions in the order of their event time: features (transactions, catalogue), NaN if missing."""

    features: npt.NDArray[np.float64]
    is_fraud: npt.NDArray[np.bool_]
    fraud_types: tuple[FraudType | None, ...]

    def part(self, start: float, end: float) -> "Dataset":
        """Return the transactions from the share ``start`` (inside) to the share ``end`` (outside)."""
        rows = slice(round(start * len(self.is_fraud)), round(end * len(self.is_fraud)))
        return Dataset(self.features[rows], self.is_fraud[rows], self.fraud_types[rows])


def write_transactions(path: Path, options: TrafficOptions, count: int) -> list[FraudType | None]:
    """Write ``count`` transactions as JSON lines; return the fraud type of each."""
    truth: list[FraudType | None] = []
    with path.open("wb") as file:
        for transaction, label in itertools.islice(generate(options), count):
            file.write(transaction.to_json() + b"\n")
            truth.append(label.fraud_type)
    return truth


def compute_features(transactions: Path, features: Path, catalogue: Path | None = None) -> Path:
    """Run the job in bounded mode from one file to the other; raises `ModelError` if it fails.

    Without ``catalogue`` the features are the project's own.
    """
    command = [sys.executable, "jobs/feature_job.py", "--parallelism", "1"]
    command += ["--source", str(transactions), "--features-out", str(features)]
    command += ["--catalogue", str(catalogue)] if catalogue else []
    job = subprocess.run(
        command, cwd=ROOT, env=_environment(), check=False, stderr=subprocess.PIPE, text=True
    )
    if job.returncode != 0:
        msg = f"the job that computes the features failed: {job.stderr.splitlines()[-1]}"
        raise ModelError(msg)
    return features


def _environment() -> dict[str, str]:
    """Return the environment without settings of the person's own: the same seed gives the same features."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    return inherited | {ENV_FILE_VARIABLE: os.devnull}


def read_features(path: Path, catalogue: Catalogue) -> npt.NDArray[np.float64]:
    """Read a features file of JSON lines into the catalogue's vectors: a row for each line, NaN if missing.

    Raises `ModelError` if the file lacks a feature of the catalogue.
    """
    try:
        with path.open("rb") as file:
            rows = [np.array(_vector(orjson.loads(line), catalogue), dtype=np.float64) for line in file]
    except KeyError as error:
        msg = f"{path} has no feature {error}; compute the features with the catalogue that is trained on"
        raise ModelError(msg) from None
    return np.array(rows).reshape(len(rows), catalogue.width)


def _vector(record: dict[str, Any], catalogue: Catalogue) -> list[float | None]:
    vector: list[float | None] = []
    for feature in catalogue.features:
        value = record[feature.name]
        vector += [value] if feature.width == 1 else _flat(value or [], feature.width // 3)
    return vector


def _flat(triples: list[Triple], n: int) -> list[float | None]:
    """Return the places of a ``last_n``: n amounts, n gaps, n values."""
    padded = triples + [[None, None, None]] * (n - len(triples))
    return [number for column in zip(*padded, strict=True) for number in column]
