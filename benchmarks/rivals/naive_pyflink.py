"""Rival in PyFlink: a DataStream job with the defaults, as the documentation and most articles show it.

A Python `KeyedProcessFunction` keeps each account's last hour in list state; a map function scores row by
row. Run it with ``python -m benchmarks.rivals.naive_pyflink SOURCE OUT_FOLDER MODEL``.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from pyflink.common import Encoder, Types, WatermarkStrategy
from pyflink.datastream import (
    KeyedProcessFunction,
    MapFunction,
    RuntimeContext,
    StreamExecutionEnvironment,
)
from pyflink.datastream.connectors.file_system import FileSink, FileSource, StreamFormat
from pyflink.datastream.state import ListStateDescriptor

from benchmarks.velocity import Features, advance, epoch_ms

PARALLELISM = 2


class Velocity(KeyedProcessFunction):  # type: ignore[misc]  # PyFlink ships no types
    """Computes counts and sums over the account's last 5 minutes and last hour."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Create the account's list state."""
        descriptor = ListStateDescriptor("events", Types.TUPLE([Types.LONG(), Types.DOUBLE()]))
        self._events = runtime_context.get_list_state(descriptor)

    def process_element(
        self, value: dict[str, Any], _ctx: KeyedProcessFunction.Context
    ) -> Iterator[tuple[str, Features]]:
        """Add the transaction to the account's state and yield its id and features."""
        events, features = advance(
            list(self._events.get()), epoch_ms(value["event_time"]), float(value["transaction_amount_vnd"])
        )
        self._events.update(events)
        yield value["transaction_id"], features


class Score(MapFunction):  # type: ignore[misc]  # PyFlink ships no types
    """Scores row by row; the model is loaded once per worker."""

    def __init__(self, model: str) -> None:
        self._model = model

    def open(self, _runtime_context: RuntimeContext) -> None:
        """Load the model; it uses one thread because more cost more than they gain for a single row."""
        self._booster = xgboost.Booster(model_file=self._model)
        self._booster.set_param({"nthread": 1})

    def map(self, value: tuple[str, Features]) -> str:
        """Score one transaction."""
        transaction_id, features = value
        score = self._booster.inplace_predict(np.array([features], dtype=np.float32))[0]
        return json.dumps({"transaction_id": transaction_id, "score": float(score)})


def main(source: str, out_folder: str, model: str) -> None:
    """Build the job and run it to completion."""
    environment = StreamExecutionEnvironment.get_execution_environment()
    environment.set_parallelism(PARALLELISM)
    lines = FileSource.for_record_stream_format(
        StreamFormat.text_line_format(), Path(source).resolve().as_uri()
    ).build()
    sink = FileSink.for_row_format(
        Path(out_folder).resolve().as_uri(), Encoder.simple_string_encoder("UTF-8")
    ).build()
    (
        environment.from_source(lines, WatermarkStrategy.no_watermarks(), "transactions")
        .map(json.loads)
        .key_by(lambda transaction: transaction["account_id"])
        .process(Velocity())
        .map(Score(model), output_type=Types.STRING())
        .sink_to(sink)
    )
    environment.execute("naive")


if __name__ == "__main__":
    main(*sys.argv[1:])
