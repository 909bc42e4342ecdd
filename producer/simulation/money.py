"""VND amounts as people write them: whole thousands, prices that end in 9,000, and whole notes."""

from typing import Final

import numpy as np

from fraudstream.domain.arrays import Ints, Keys
from producer.simulation.draws import chance

_PRICE_ENDS_VND: Final = np.array([1_000_000, 100_000_000])
_PRICE_STEPS_VND: Final = np.array([1_000, 10_000, 1_000_000])
_NOTE_ENDS_VND: Final = np.array([50_000, 200_000, 1_000_000, 10_000_000, 100_000_000])
_NOTE_STEPS_VND: Final = np.array([5_000, 10_000, 50_000, 100_000, 1_000_000, 10_000_000])
"""The notes are 10,000 to 500,000 VND; sums between people keep to them."""
ATM_NOTE_VND: Final = 50_000
MIN_VND: Final = 1_000
"""About the smallest amount that anyone pays."""
CHARM_SHARE: Final = 0.3
"""Share of prices that end in 9,000."""
_CHARM_FROM_VND: Final = 19_000
_CHARM_BELOW_VND: Final = 10_000_000


def price_vnd(amounts_vnd: Ints) -> Ints:
    """Round to 1,000 VND below 1 million, to 10,000 below 100 million, else to 1 million; at least 1,000."""
    steps = _PRICE_STEPS_VND[np.searchsorted(_PRICE_ENDS_VND, amounts_vnd, side="right")]
    return _rounded(amounts_vnd, steps)


def round_sum_vnd(amounts_vnd: Ints) -> Ints:
    """Round as people do among each other: to 1 or 2 leading digits, at least 5,000 VND."""
    steps = _NOTE_STEPS_VND[np.searchsorted(_NOTE_ENDS_VND, amounts_vnd, side="right")]
    return np.maximum(_rounded(amounts_vnd, steps), steps)


def shop_price_vnd(keys: Keys, amounts_vnd: Ints) -> Ints:
    """Round to a price; some end in 9,000."""
    charming = chance(keys, "charm", CHARM_SHARE)
    charming &= (amounts_vnd >= _CHARM_FROM_VND) & (amounts_vnd < _CHARM_BELOW_VND)
    return np.where(charming, amounts_vnd // 10_000 * 10_000 + 9_000, price_vnd(amounts_vnd))


def cash_vnd(amounts_vnd: Ints) -> Ints:
    """Round to what a cash machine dispenses: whole notes of 50,000 VND, at least one."""
    return np.maximum(_rounded(amounts_vnd, np.full(amounts_vnd.shape, ATM_NOTE_VND)), ATM_NOTE_VND)


def _rounded(amounts_vnd: Ints, steps_vnd: Ints) -> Ints:
    return np.maximum((amounts_vnd + steps_vnd // 2) // steps_vnd * steps_vnd, MIN_VND)
