"""Reproducible random draws: the same on every machine, and independent of their order.

A draw is a hash of a key (an account, an hour, a transaction) and of its purpose. So a period can be
simulated in one piece or in many, with the same numbers. Only integers and the operations that IEEE 754
defines to the last bit (+ - * / and the square root) are used: numpy's exp, log and sin may differ in the
last bit between processors.
"""

import math
import zlib
from functools import cache
from typing import Final

import numpy as np

from fraudstream.domain.arrays import Bools, Floats, Ints, Keys

_GOLDEN: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_FIRST: Final = np.uint64(0xBF58_476D_1CE4_E5B9)
_SECOND: Final = np.uint64(0x94D0_49BB_1331_11EB)
_HALF_BITS: Final = np.uint64(32)
_MASK: Final = (1 << 64) - 1
QUANTILES: Final = 4096
"""Points of a quantile table; a draw takes one of them."""
TAYLOR_TERMS: Final = 14
LARGE_MEAN: Final = 64.0
"""From this mean on, a count is drawn from the normal distribution instead of the Poisson distribution."""


def mixed(values: Keys) -> Keys:
    """Scramble 64 bits (the finaliser of SplitMix64), so that neighbours become unlike each other."""
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


def seed_key(seed: int, purpose: str) -> Keys:
    """Return a key, shape (1,), for a seed of any size and one purpose."""
    key = np.zeros(1, np.uint64)
    while True:
        key = mixed(key + np.uint64(seed & _MASK) + _GOLDEN)
        seed >>= 64
        if seed == 0:
            return bits(key, purpose)


def with_number(keys: Keys, numbers: Ints) -> Keys:
    """Return a key for each pair of key and number; the two are broadcast."""
    return mixed(keys + _GOLDEN * (numbers.astype(np.uint64) + np.uint64(1)))


def bits(keys: Keys, purpose: str) -> Keys:
    """Draw 64 bits for each key: the same key and purpose give the same bits."""
    return mixed(keys ^ _salt(purpose))


@cache
def _salt(purpose: str) -> np.uint64:
    return np.uint64(((zlib.crc32(purpose.encode()) + 1) * int(_GOLDEN)) & _MASK)


def between(keys: Keys, purpose: str, low: int | Ints, high: int | Ints) -> Ints:
    """Draw whole numbers from ``low`` to ``high``, both inclusive, less than 2**32 apart."""
    width = np.asarray(high - low + 1).astype(np.uint64)
    drawn = ((bits(keys, purpose) >> _HALF_BITS) * width) >> _HALF_BITS
    return drawn.astype(np.int64) + low


def chance(keys: Keys, purpose: str, share: float | Floats) -> Bools:
    """Draw True with probability ``share``, from 0 to 1."""
    return fractions(keys, purpose) < share


def fractions(keys: Keys, purpose: str) -> Floats:
    """Draw multiples of 2**-53 from 0 (inclusive) to 1 (exclusive)."""
    return (bits(keys, purpose) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def pick(keys: Keys, purpose: str, ends: Ints) -> Ints:
    """Draw places of a list by weight; ``ends`` are the running sums of its integer weights."""
    drawn = between(keys, purpose, 0, int(ends[-1]) - 1)
    return np.searchsorted(ends, drawn, side="right").astype(np.int64)


def running(weights: tuple[int, ...]) -> Ints:
    """Return the running sums of integer weights, for `pick`."""
    return np.cumsum(np.array(weights, dtype=np.int64))


def lognormal(keys: Keys, purpose: str, sigma: float) -> Floats:
    """Draw from the log-normal distribution with median 1, by table."""
    return _lognormal_table(sigma)[between(keys, purpose, 0, QUANTILES - 1)]


def exponential(keys: Keys, purpose: str) -> Floats:
    """Draw from the exponential distribution with mean 1, by table; at most about 9."""
    return _EXPONENTIAL[between(keys, purpose, 0, QUANTILES - 1)]


def log_uniform(keys: Keys, purpose: str, low: int, high: int) -> Floats:
    """Draw from ``low`` to ``high``, uniformly in the logarithm: as often from 1 to 10 as from 10 to 100."""
    return _log_uniform_table(low, high)[between(keys, purpose, 0, QUANTILES - 1)]


def counts(drawn: Floats, means: Floats) -> Ints:
    """Return Poisson counts with these means, by inversion of the fractions ``drawn`` (same shape).

    From a mean of 64 on, they are rounded draws from the normal distribution with the same mean and variance.
    """
    found = np.zeros(means.shape, np.int64)
    large = np.flatnonzero(means >= LARGE_MEAN)
    if len(large):
        deviation = NORMAL[(drawn[large] * QUANTILES).astype(np.int64)]
        found[large] = np.rint(means[large] + deviation * np.sqrt(means[large])).astype(np.int64)
    # Most means are far below 1. A fraction below 1 - mean is also below e**-mean, so its count is 0.
    open_ = np.flatnonzero((drawn >= 1.0 - means) & (means > 0) & (means < LARGE_MEAN))
    mean = means[open_]
    term = _exp_of_negative(mean)
    remaining = drawn[open_] - term
    number = 0
    while len(open_):
        more = (remaining >= 0) & (term > 0)
        found[open_[~more]] = number
        number += 1
        open_, mean = open_[more], mean[more]
        term = term[more] * mean / number
        remaining = remaining[more] - term
    return found


def _exp_of_negative(values: Floats) -> Floats:
    """Return e**-value for values from 0 to 64, to about 12 digits."""
    return 1.0 / _raised(values, np.ones_like(values))


def _raised(values: Floats, one: Floats) -> Floats:
    small = values / 1024.0
    total = one
    for term in range(TAYLOR_TERMS, 0, -1):
        total = one + small * total / term
    for _ in range(10):
        total = total * total
    return total


def exact_exp(value: float) -> float:
    """Return e**value, computed with + - * / alone so that the last bit is the same everywhere."""
    return float(_raised(np.array([value]), np.ones(1))[0])


def exact_log(value: float) -> float:
    """Return the natural logarithm of a positive number, computed with + - * / alone."""
    fraction, exponent = math.frexp(value)
    ratio = (fraction - 1.0) / (fraction + 1.0)
    square = ratio * ratio
    total = 0.0
    for power in range(61, 0, -2):
        total = total * square + 1.0 / power
    return 2.0 * ratio * total + exponent * _LN_2


_LN_2: Final = 0.6931471805599453

# Hastings' rational approximation of the normal quantile (Abramowitz & Stegun 26.2.23, error < 4.5e-4).
_ABOVE: Final = (2.515517, 0.802853, 0.010328)
_BELOW: Final = (1.432788, 0.189269, 0.001308)


def _normal_quantile(share: float) -> float:
    tail = min(share, 1.0 - share)
    root = math.sqrt(-2.0 * exact_log(tail))
    above = _ABOVE[0] + root * (_ABOVE[1] + root * _ABOVE[2])
    below = 1.0 + root * (_BELOW[0] + root * (_BELOW[1] + root * _BELOW[2]))
    distance = root - above / below
    return distance if share > tail else -distance


_SHARES: Final = tuple((place + 0.5) / QUANTILES for place in range(QUANTILES))
NORMAL: Final[Floats] = np.array([_normal_quantile(share) for share in _SHARES])
_EXPONENTIAL: Final[Floats] = np.array([-exact_log(1.0 - share) for share in _SHARES])


@cache
def _lognormal_table(sigma: float) -> Floats:
    return _raised(sigma * NORMAL, np.ones(QUANTILES))


@cache
def _log_uniform_table(low: int, high: int) -> Floats:
    width = exact_log(high / low)
    return low * _raised(width * np.array(_SHARES), np.ones(QUANTILES))
