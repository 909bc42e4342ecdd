"""Score batches of feature vectors: the only Python in the path of a transaction."""

import gc
import struct
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, udf

from fraudstream.domain.alert import Judge
from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.explanation import AlertMaker, Explainer, Explanation
from fraudstream.scoring.scorer import Scorer
from jobs.worker_memory import stop_leak

if TYPE_CHECKING:
    import numpy.typing as npt

NO_TIME: Final = -(2**63)
"""Stands for an arrival time that is not known."""
ALERT: Final = 0
ERROR: Final = 1
"""The kinds of notes in an answer."""
_COUNTS: Final = struct.Struct("<ii")
_NOTE: Final = struct.Struct("<ibi")


class Batch:
    """A batch as the kernel's ``ScoringBatch`` writes it; texts are decoded only where they are asked for.

    ``features`` has the shape (transactions, width of the catalogue's vector), NaN if missing.
    """

    def __init__(self, data: bytes) -> None:
        rows, width = _COUNTS.unpack_from(data)
        at = _COUNTS.size

        def take(dtype: str, count: int) -> "npt.NDArray[Any]":
            nonlocal at
            array = np.frombuffer(data, dtype, count, at)
            at += array.nbytes
            return array

        self.features: npt.NDArray[np.float64] = take("<f8", rows * width).reshape(rows, width)
        self._event_times_ms = take("<i8", rows)
        self._arrivals_ms = take("<i8", rows)
        self._amounts_vnd = take("<f8", rows)
        self._offsets = take("<i4", 2 * rows + 1)
        self._texts = data[at:]

    def facts(self, row: int) -> dict[str, Any]:
        """Return what an alert says of a transaction, beside its features."""
        arrival_ms = int(self._arrivals_ms[row])
        return {
            "transaction_id": self._text(2 * row),
            "account_id": self._text(2 * row + 1),
            "event_time_ms": int(self._event_times_ms[row]),
            "arrival_ms": None if arrival_ms == NO_TIME else arrival_ms,
            "transaction_amount_vnd": float(self._amounts_vnd[row]),
        }

    def _text(self, place: int) -> str:
        return self._texts[self._offsets[place] : self._offsets[place + 1]].decode()


class ScoreBatches(ScalarFunction):  # type: ignore[misc] # PyFlink has no types
    """Turns a batch of feature vectors into scores and alerts; a row that fails does not fail the batch."""

    def __init__(self, scorer: Scorer, judge: Judge, catalogue: Catalogue) -> None:
        self._scorer = scorer
        self._threshold = judge.threshold
        self._alerts = AlertMaker(judge, catalogue)
        self._explainer = Explainer(scorer, catalogue)
        self._width = catalogue.width

    def open(self, function_context: FunctionContext) -> None:  # noqa: ARG002 - the interface is Flink's
        """Prepare the reasons, so that no alert waits for it, and what the process needs to last.

        All that is there is taken out of garbage collection: each full one would hold up all scoring.
        """
        stop_leak()
        self._explainer.explain(np.zeros((1, self._width)))
        gc.collect()
        gc.freeze()

    def is_deterministic(self) -> bool:
        """Say no: an alert holds the time of scoring, and what is deterministic may be run twice."""
        return False

    def eval(self, data: bytes) -> bytes:
        """Return a batch's scores, and a note for each alert and for each transaction without a score."""
        batch = Batch(data)
        scores, errors = self._scores(batch.features)
        notes = [note(row, ERROR, error) for row, error in enumerate(errors) if error]
        notes += self._alert_notes(batch, scores)
        return scores.astype("<f8").tobytes() + b"".join(notes)

    def _alert_notes(self, batch: Batch, scores: "npt.NDArray[np.float64]") -> list[bytes]:
        """Return the notes of the rows that alert, explained all at once."""
        rows = np.flatnonzero(scores >= self._threshold)
        if not len(rows):
            return []
        scored_at_ms = time.time_ns() // 1_000_000
        explanations = self._explainer.explain(batch.features[rows])
        return [
            self._alert_note(batch, row, score, explanation, scored_at_ms)
            for row, score, explanation in zip(
                rows.tolist(), scores[rows].tolist(), explanations, strict=True
            )
        ]

    def _alert_note(
        self, batch: Batch, row: int, score: float, explanation: Explanation, scored_at_ms: int
    ) -> bytes:
        try:
            vector = batch.features[row].tolist()
            alert = self._alerts.make(batch.facts(row), vector, score, explanation, scored_at_ms)
            return note(row, ALERT, alert.to_json()) if alert else b""
        except Exception as error:  # noqa: BLE001 - one bad row must not stop the rest
            return note(row, ERROR, f"the alert could not be made: {error}")

    def _scores(
        self, matrix: "npt.NDArray[np.float64]"
    ) -> "tuple[npt.NDArray[np.float64], list[str | None]]":
        if not len(matrix):
            return np.empty(0), []
        try:
            scores = self._scorer.score(matrix)
        except Exception as error:  # noqa: BLE001 - one bad row must not stop the rest: each is tried alone
            if len(matrix) == 1:
                return np.full(1, np.nan), [f"the model failed: {error}"]
            rows = [self._scores(matrix[row : row + 1]) for row in range(len(matrix))]
            return np.concatenate([score for score, _ in rows]), [error for _, (error,) in rows]
        message = "a feature is too large for the model; check the transaction's numbers"
        return scores, [message if missing else None for missing in np.isnan(scores)]


def note(row: int, kind: int, text: str) -> bytes:
    """Return a note as the kernel reads it."""
    encoded = text.encode()
    return _NOTE.pack(row, kind, len(encoded)) + encoded


def scoring_udf(scorer: Scorer, judge: Judge, catalogue: Catalogue) -> Any:  # noqa: ANN401 - PyFlink has no types
    """Return the function that `jobs.feature_job` calls ``score``; a call of it scores a whole batch."""
    return udf(
        ScoreBatches(scorer, judge, catalogue),
        input_types=[DataTypes.BYTES()],
        result_type=DataTypes.BYTES(),
        deterministic=False,
    )
