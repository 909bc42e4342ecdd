"""Ranges of the numeric fields of a transaction.

A number outside its range is a mistake or an attack: in a window, one absurd number would hide what its
account does for as long as the window lasts. The job refuses such a record. The kernel's ``Range`` and
``Column`` have the same ranges; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_MONEY_VND: Final = 1e15
"""About 40 billion US dollars, more than any transaction or loan. Its square, summed over a hundred million
transactions, is below 3.4e38, the limit of the single precision in which models compute."""
MAX_COUNT: Final = 2**31 - 1
"""The largest 32-bit integer, in which systems count."""


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The values that a field may have, both ends included unless ``excludes_min`` is set."""

    minimum: float
    maximum: float
    excludes_min: bool = False

    def has(self, value: float) -> bool:
        """Return whether the value is in the range; NaN is in none."""
        return self.minimum <= value <= self.maximum and not (self.excludes_min and value == self.minimum)

    def __str__(self) -> str:
        """Return the range in words, like "at least -90 and at most 90"."""
        lower = "above" if self.excludes_min else "at least"
        return f"{lower} {self.minimum:.0f} and at most {self.maximum:.0f}"


NUMBER_RANGES: Final[Mapping[str, NumberRange]] = {
    "transaction_amount_vnd": NumberRange(0, MAX_MONEY_VND, excludes_min=True),
    "transaction_fees_vnd": NumberRange(0, MAX_MONEY_VND),
    "latitude": NumberRange(-90, 90),
    "longitude": NumberRange(-180, 180),
    "biometric_failure_count": NumberRange(0, MAX_COUNT),
    "total_loans_vnd": NumberRange(0, MAX_MONEY_VND),
    "num_transactions": NumberRange(0, MAX_COUNT),
}
"""By field, in the order of the record."""
