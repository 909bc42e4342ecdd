"""Floor of the benchmark: one thread that reads the file, decodes it with msgspec and scores batches.

It has no features and no engine; their cost is the difference from this program. Run it with
``python -m benchmarks.rivals.floor SOURCE OUT_FOLDER MODEL``.
"""

import itertools
import sys
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import xgboost

BATCH: Final = 1_000


class FloorRecord(msgspec.Struct):  # type: ignore[misc]  # not in the project's own environment
    """The decoded fields; msgspec ignores the others."""

    transaction_id: str
    transaction_amount_vnd: float
    transaction_fees_vnd: float | None = None
    biometric_failure_count: float | None = None
    num_transactions: float | None = None

    def inputs(self) -> tuple[float | None, ...]:
        """Return the model's four inputs, in the order of `benchmarks.rival_trees.RAW_COLUMNS`."""
        return (
            self.transaction_amount_vnd,
            self.transaction_fees_vnd,
            self.biometric_failure_count,
            self.num_transactions,
        )


class Scored(msgspec.Struct):  # type: ignore[misc]  # not in the project's own environment
    """An output line."""

    transaction_id: str
    score: float


def main(source: str, out_folder: str, model: str) -> None:
    """Score the transactions of a file."""
    booster = xgboost.Booster(model_file=model)
    booster.set_param({"nthread": 1})
    decoder, encoder = msgspec.json.Decoder(FloorRecord), msgspec.json.Encoder()
    with Path(source).open("rb") as lines, (Path(out_folder) / "part-0").open("wb") as out:
        while batch := [decoder.decode(line) for line in itertools.islice(lines, BATCH)]:
            inputs = np.array([transaction.inputs() for transaction in batch], dtype=np.float32)
            scores = booster.inplace_predict(inputs).tolist()
            out.write(
                encoder.encode_lines(
                    Scored(transaction.transaction_id, score)
                    for transaction, score in zip(batch, scores, strict=True)
                )
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
