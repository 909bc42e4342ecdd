"""Scoring function for batches of feature vectors, the only Python code in the path of a transaction."""

import gc
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, udf

from fraudstream.domain.alert import Alert
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.scoring.decider import Decider, alert_failure
from fraudstream.scoring.decisions import Decisions, Subject
from jobs.worker_memory import stop_leak

if TYPE_CHECKING:
    import numpy.typing as npt

NO_TIME: Final = -(2**63)
"""Encodes an unknown arrival time."""
ALERT: Final = 0
ERROR: Final = 1
OVERFLOWING: Final = 2
"""The kinds of notes in an answer."""
_COUNTS: Final = struct.Struct("<ii")
_NOTE: Final = struct.Struct("<ibi")


class ScoringBatch:
    """A batch as encoded by the kernel's ``ScoringBatch``: the subjects of decisions and their vectors.

    ``vectors`` has the shape (transactions, width of the catalogue's vector), NaN if missing. Subjects are
    decoded lazily, because only rows that alert need their texts.
    """

    def __init__(self, data: bytes) -> None:
        rows, width = _COUNTS.unpack_from(data)
        at = _COUNTS.size

        def take(dtype: str, count: int) -> "npt.NDArray[Any]":
            nonlocal at
            array = np.frombuffer(data, dtype, count, at)
            at += array.nbytes
            return array

        self.vectors: npt.NDArray[np.float64] = take("<f8", rows * width).reshape(rows, width)
        self._event_times_ms = take("<i8", rows)
        self._arrivals_ms = take("<i8", rows)
        self._amounts_vnd = take("<f8", rows)
        self._offsets = take("<i4", 2 * rows + 1)
        self._texts = data[at:]

    def __len__(self) -> int:
        """Return the number of transactions."""
        return len(self.vectors)

    def __getitem__(self, row: int) -> Subject:
        """Return the facts of a transaction; raises ``ValueError`` if its texts are not UTF-8."""
        arrival_ms = int(self._arrivals_ms[row])
        return Subject(
            transaction_id=self._text(2 * row),
            account_id=self._text(2 * row + 1),
            event_time_ms=int(self._event_times_ms[row]),
            arrival_ms=None if arrival_ms == NO_TIME else arrival_ms,
            transaction_amount_vnd=float(self._amounts_vnd[row]),
        )

    def _text(self, place: int) -> str:
        return self._texts[self._offsets[place] : self._offsets[place + 1]].decode()


class ScoreBatches(ScalarFunction):  # type: ignore[misc] # PyFlink has no types
    """Computes the scores and alerts of a batch of feature vectors; a failed row does not fail the batch."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider

    def open(self, function_context: FunctionContext) -> None:  # noqa: ARG002 - the interface is Flink's
        """Warm up the explanations, so that no alert waits for them, and prepare the process for a long life.

        All existing objects are excluded from garbage collection, as each full collection would delay all
        scoring.
        """
        stop_leak()
        self._decider.warm_up()
        gc.collect()
        gc.freeze()

    def is_deterministic(self) -> bool:
        """Return False: alerts contain the scoring time, and deterministic functions may be run twice."""
        return False

    def eval(self, data: bytes) -> bytes:
        """Return the encoded scores of a batch, and a note for each alert, error and row that overflows."""
        batch = ScoringBatch(data)
        decisions = self._decider.decide(batch, batch.vectors, wall_clock_ms)
        return decisions.scores.astype("<f8").tobytes() + b"".join(_notes(decisions))


def _notes(decisions: Decisions) -> Iterator[bytes]:
    for row, error in decisions.errors.items():
        yield note(row, ERROR, error)
    for row, alert in decisions.alerts.items():
        yield _alert_note(row, alert)
    for row, names in decisions.overflowing.items():
        yield note(row, OVERFLOWING, "\n".join(names))


def _alert_note(row: int, alert: Alert) -> bytes:
    try:
        return note(row, ALERT, alert.to_json())
    except Exception as error:  # noqa: BLE001 - one bad row must not stop the rest
        return note(row, ERROR, alert_failure(error))


def note(row: int, kind: int, text: str) -> bytes:
    """Return a note in the kernel's encoding."""
    encoded = text.encode()
    return _NOTE.pack(row, kind, len(encoded)) + encoded


def scoring_udf(decider: Decider) -> Any:  # noqa: ANN401 - PyFlink has no types
    """Return the function that `jobs.feature_job` registers as ``score``; each call scores a whole batch."""
    return udf(
        ScoreBatches(decider),
        input_types=[DataTypes.BYTES()],
        result_type=DataTypes.BYTES(),
        deterministic=False,
    )
