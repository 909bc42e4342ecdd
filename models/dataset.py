"""Labelled training data: made by the producer's generator, its features by the very job that scores."""

import itertools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson

from fraudstream.catalogue import Catalogue
from fraudstream.settings import ROOT
from fraudstream.transaction import FraudType
from models.manifest import ModelError
from producer.generator import TrafficOptions, generate


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


def write_transactions(folder: Path, options: TrafficOptions, count: int) -> list[FraudType | None]:
    """Write ``transactions.jsonl`` with ``count`` transactions; return the fraud type of each."""
    truth: list[FraudType | None] = []
    with (folder / "transactions.jsonl").open("wb") as file:
        for transaction, label in itertools.islice(generate(options), count):
            file.write(transaction.to_json() + b"\n")
            truth.append(label.fraud_type)
    return truth


def compute_features(folder: Path) -> Path:
    """Run the job in bounded mode over ``transactions.jsonl``; raises `ModelError` if it fails."""
    features = folder / "features.jsonl"
    command = [sys.executable, "jobs/feature_job.py", "--parallelism", "1"]
    command += ["--source", str(folder / "transactions.jsonl"), "--features-out", str(features)]
    job = subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
    if job.returncode != 0:
        msg = f"the job that computes the features failed: {job.stderr.splitlines()[-1]}"
        raise ModelError(msg)
    return features


def read_features(path: Path, catalogue: Catalogue) -> npt.NDArray[np.float64]:
    """Read a features file into the catalogue's vectors, a row for each line."""
    with path.open("rb") as file:
        return np.array(
            [[record[name] for name in catalogue.names] for record in map(orjson.loads, file)],
            dtype=np.float64,
        )
