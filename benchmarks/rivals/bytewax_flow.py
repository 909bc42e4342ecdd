"""Rival in Bytewax, a stream engine for Python with a Rust core.

`stateful_map` keeps each account's last hour; `flat_map_batch` scores whole batches, as Bytewax's
documentation recommends for models. A file is one partition, so one worker reads it; the accounts are
distributed over all workers. Run it with
``python -m bytewax.run "benchmarks.rivals.bytewax_flow:flow('SOURCE', 'OUT_FOLDER', 'MODEL')"``.
"""

from pathlib import Path
from typing import Any

import bytewax.operators as op
import numpy as np
import orjson
import xgboost
from bytewax.connectors.files import DirSink, FileSource
from bytewax.dataflow import Dataflow

from benchmarks.velocity import Event, Features, advance, epoch_ms

WORKERS = 2

Transaction = dict[str, Any]
Featured = tuple[str, tuple[str, Features]]
"""Account id, and the transaction's id and features."""


def velocity(
    events: list[Event] | None, transaction: Transaction
) -> tuple[list[Event], tuple[str, Features]]:
    """Add a transaction to its account's state; return the state and the transaction's id and features."""
    time_ms, amount = epoch_ms(transaction["event_time"]), float(transaction["transaction_amount_vnd"])
    kept, features = advance(events or [], time_ms, amount)
    return kept, (transaction["transaction_id"], features)


def needed(transaction: Transaction) -> Transaction:
    """Return only the fields that the next worker needs, since each field is sent to it."""
    return {name: transaction[name] for name in ("transaction_id", "event_time", "transaction_amount_vnd")}


class Score:
    """Scores batches with the model."""

    def __init__(self, model: str) -> None:
        self._booster = xgboost.Booster(model_file=model)
        self._booster.set_param({"nthread": 1})

    def __call__(self, batch: list[Featured]) -> list[tuple[str, str]]:
        """Score a batch; return the account id and the output line of each transaction."""
        inputs = np.array([features for _, (_, features) in batch], dtype=np.float32)
        scores = self._booster.inplace_predict(inputs).tolist()
        return [
            (account_id, orjson.dumps({"transaction_id": transaction_id, "score": score}).decode())
            for (account_id, (transaction_id, _)), score in zip(batch, scores, strict=True)
        ]


def flow(source: str, out_folder: str, model: str) -> Dataflow:
    """Return the dataflow that scores a file of transactions."""
    dataflow = Dataflow("rival")
    lines = op.input("transactions", dataflow, FileSource(source))
    transactions = op.map("parse", lines, orjson.loads)
    by_account = op.key_on("account", transactions, lambda transaction: transaction["account_id"])
    slim = op.map_value("needed", by_account, needed)
    featured = op.stateful_map("velocity", slim, velocity)
    scored = op.flat_map_batch("score", featured, Score(model))
    op.output("scores", scored, DirSink(Path(out_folder), file_count=WORKERS))
    return dataflow
