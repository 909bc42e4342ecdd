"""Input and output of decisions: facts of transactions; scores, alerts and errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, overload

import numpy as np
import numpy.typing as npt

from fraudstream.domain.alert import Alert
from fraudstream.domain.transaction import TransactionKey

Matrix = npt.NDArray[np.float64]
"""Feature vectors, shape (transactions, width of the catalogue's vector); NaN is a missing value."""
Scores = npt.NDArray[np.float64]
"""Probabilities of fraud, shape (transactions,); NaN if a transaction has no score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The facts of one transaction that an alert repeats, besides its features."""

    transaction_id: str
    account_id: str
    event_time_ms: int
    arrival_ms: int | None
    """Epoch milliseconds; None if it is not known."""
    transaction_amount_vnd: float

    @property
    def key(self) -> TransactionKey:
        """The identity of the transaction."""
        return TransactionKey(self.account_id, self.transaction_id)


class Subjects(Protocol):
    """The transactions of a batch: a list, or a sequence that decodes rows lazily.

    Only rows that alert are accessed.
    """

    def __len__(self) -> int:
        """Return the number of transactions."""

    def __getitem__(self, row: int, /) -> Subject:
        """Return the facts of one row; if this raises, only that row's alert fails."""


class Decision(NamedTuple):
    """The outcome for one transaction."""

    score: float | None
    """The probability of fraud; None if the transaction could not be scored."""
    alert: Alert | None = None
    error: str | None = None
    """Reason for a missing score, or for a missing alert although the score reached the threshold."""
    overflowing: tuple[str, ...] = ()
    """Names of the features that were treated as missing, because they are too large for the model."""


class Decisions(Sequence[Decision]):
    """The decisions of a batch, in the order of its rows.

    Stored by column, as most rows of a large batch have only a score.
    """

    def __init__(
        self,
        scores: Scores,
        alerts: Mapping[int, Alert],
        errors: Mapping[int, str],
        overflowing: Mapping[int, tuple[str, ...]],
    ) -> None:
        """Take the scores of all rows; alerts, errors and names of overflowing features by row number."""
        self.scores = scores
        self.alerts = alerts
        self.errors = errors
        self.overflowing = overflowing

    def __len__(self) -> int:
        """Return the number of transactions."""
        return len(self.scores)

    @overload
    def __getitem__(self, row: int) -> Decision: ...

    @overload
    def __getitem__(self, row: slice) -> list[Decision]: ...

    def __getitem__(self, row: int | slice) -> Decision | list[Decision]:
        """Return the decision of a row, or a list for a slice; raises ``IndexError`` if out of range."""
        place = range(len(self.scores))[row]
        if isinstance(place, range):
            return [self._at(each) for each in place]
        return self._at(place)

    def _at(self, row: int) -> Decision:
        score = float(self.scores[row])
        return Decision(
            None if np.isnan(score) else score,
            self.alerts.get(row),
            self.errors.get(row),
            self.overflowing.get(row, ()),
        )
