"""Models of the rivals, with the job's number and depth of trees, trained on each rival's inputs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

from benchmarks.velocity import Event, Features, advance, epoch_ms
from models.members.trees_training import train_trees

SEED: Final = 7
RAW_COLUMNS: Final = (
    "transaction_amount_vnd",
    "transaction_fees_vnd",
    "biometric_failure_count",
    "num_transactions",
)
"""Inputs of the floor: four numbers from the record, as many as the other rivals have features."""

Matrix = npt.NDArray[np.float32]


def velocity_model(transactions: Path, is_fraud: Path) -> Path:
    """Return the model on the four velocity features, trained on a file of transactions if it is missing."""
    path = transactions.with_suffix(".velocity-model.ubj")
    if not path.is_file():
        with transactions.open("rb") as lines:
            train(path, np.array(velocity_features(lines), dtype=np.float32), is_fraud)
    return path


def raw_model(transactions: Path, is_fraud: Path) -> Path:
    """Return the model on the four raw columns, trained on a file of transactions if it is missing."""
    path = transactions.with_suffix(".raw-model.ubj")
    if not path.is_file():
        with transactions.open("rb") as lines:
            rows = [[record[name] for name in RAW_COLUMNS] for record in map(orjson.loads, lines)]
        train(path, np.array(rows, dtype=np.float32), is_fraud)
    return path


def velocity_features(lines: Iterable[bytes]) -> list[Features]:
    """Return the four features of each transaction; each account's transactions must be in order."""
    accounts: defaultdict[str, Sequence[Event]] = defaultdict(list)
    rows = []
    for line in lines:
        record = orjson.loads(line)
        account_id = record["account_id"]
        time_ms, amount = epoch_ms(record["event_time"]), float(record["transaction_amount_vnd"])
        accounts[account_id], features = advance(list(accounts[account_id]), time_ms, amount)
        rows.append(features)
    return rows


def train(path: Path, inputs: Matrix, is_fraud: Path) -> Path:
    """Train a model on ``inputs`` and write it to ``path``.

    ``is_fraud`` is a numpy file of labels; its first ``len(inputs)`` elements belong to the inputs.
    """
    path.write_bytes(train_trees(inputs, np.load(is_fraud, allow_pickle=False)[: len(inputs)], SEED))
    return path
