"""Labelled transactions as arrays, in event-time order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import Label, Transaction
from fraudstream.scoring.manifest import ModelError
from models.data.feature_arrays import read_features, read_keys
from models.data.records import keys_of, places_in, read_records

HONEST: Final = -1
"""Fraud type of honest transactions, and of frauds whose label names no type."""
_TRANSACTION_COLUMNS: Final = ("transaction_id", "event_time", "account_id", "transaction_amount_vnd")
_LABEL_COLUMNS: Final = ("transaction_id", "account_id", "available_at", "is_fraud", "fraud_type")


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """Files of transactions and of their labels: ``.jsonl``, ``.jsonl.gz``, ``.parquet`` or ``.csv`` each."""

    transactions: Path
    labels: Path


@dataclass(frozen=True, slots=True)
class Dataset:
    """Transactions in event-time order; each array has one row per transaction."""

    features: npt.NDArray[np.float32]
    """Shape (transactions, width of the catalogue's vector); NaN if missing, never infinite."""
    event_time_ms: npt.NDArray[np.int64]
    available_at_ms: npt.NDArray[np.int64]
    """Time when the label became known; the event time if there is no label."""
    accounts: npt.NDArray[np.int32]
    """Number of each row's account, from 0."""
    amount_vnd: npt.NDArray[np.float64]
    is_fraud: npt.NDArray[np.bool_]
    """Value of the last label; honest if there is no label."""
    fraud_types: npt.NDArray[np.int8]
    """Places in ``fraud_type_names``; `HONEST` if there is no type."""
    fraud_type_names: tuple[str, ...] = FRAUD_TYPES

    def __len__(self) -> int:
        """Return the number of transactions."""
        return len(self.event_time_ms)

    def known_fraud(self, time_ms: int) -> npt.NDArray[np.bool_]:
        """Return which transactions are known as fraud at ``time_ms``, by the labels available until then."""
        return self.is_fraud & (self.available_at_ms <= time_ms)


def read_dataset(files: DatasetFiles, features: Path, catalogue: Catalogue) -> Dataset:
    """Join transactions, labels and features by account and transaction id; ``features`` is a Parquet file.

    A transaction that the job rejected has no features and is left out. If it has several labels, the one
    that became known last counts. Raises `ModelError` if a file can't be read, the job refuses every
    label, or no transaction is left.
    """
    keys = read_keys(features)
    transactions = read_records(files.transactions, Transaction, _TRANSACTION_COLUMNS)
    transactions = transactions.take(places_in(keys, keys_of(transactions)).drop_null())
    if len(transactions) != len(keys) or not len(keys):
        msg = (
            f"{features} has features of {len(keys):,} transactions, but only {len(transactions):,} of them "
            f"are in {files.transactions}; compute the features from this file"
            if len(keys)
            else f"the job accepted none of the transactions in {files.transactions}; check their format"
        )
        raise ModelError(msg)
    order = np.argsort(_numbers(transactions["event_time"]), kind="stable")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    transactions = transactions.take(pa.array(order))
    labels = _labels_of(keys_of(transactions), files.labels)
    is_fraud = _numbers(pc.fill_null(labels["is_fraud"], fill_value=False)).astype(np.bool_)
    names, codes = _fraud_types(labels["fraud_type"])
    return Dataset(
        features=read_features(features, catalogue, ranks),
        event_time_ms=_numbers(transactions["event_time"]),
        available_at_ms=_numbers(pc.coalesce(labels["available_at"], transactions["event_time"])),
        accounts=_codes(transactions["account_id"]),
        amount_vnd=_numbers(transactions["transaction_amount_vnd"]),
        is_fraud=is_fraud,
        fraud_types=np.where(is_fraud, codes, HONEST).astype(np.int8),
        fraud_type_names=names,
    )


def _labels_of(keys: pa.ChunkedArray, path: Path) -> pa.Table:
    """Return the label of each transaction, null if it has none."""
    labels = read_records(path, Label, _LABEL_COLUMNS)
    # Of labels that became known at the same time, the last one in the file wins.
    order = np.argsort(_numbers(labels["available_at"]), kind="stable")[::-1]
    labels = labels.take(pa.array(order))
    return labels.take(places_in(keys, keys_of(labels)))


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    numbers: npt.NDArray[Any] = column.to_numpy()
    return numbers


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    encoded = column.combine_chunks().dictionary_encode()
    codes: npt.NDArray[np.int32] = encoded.indices.to_numpy().astype(np.int32)
    return codes


def _fraud_types(column: pa.ChunkedArray) -> tuple[tuple[str, ...], npt.NDArray[np.int8]]:
    """Return the names, the built-in ones first, and each row's place among them."""
    others = sorted(set(column.unique().drop_null().to_pylist()) - set(FRAUD_TYPES))
    names = (*FRAUD_TYPES, *others)
    if len(names) > np.iinfo(np.int8).max:
        msg = f"the labels have {len(names)} fraud types; give at most {np.iinfo(np.int8).max}"
        raise ModelError(msg)
    places = pc.index_in(column, value_set=pa.array(names, column.type))
    codes: npt.NDArray[np.int8] = places.fill_null(HONEST).to_numpy().astype(np.int8)
    return names, codes
