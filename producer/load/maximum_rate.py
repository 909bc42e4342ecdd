"""Search for the highest rate that a service keeps up with."""

from collections.abc import Callable
from typing import Final

GROWTH: Final = 1.5
PRECISION: Final = 0.05
"""The rate found passed, and one at most this much higher did not."""
LOWEST_PER_S: Final = 1.0


def highest_rate(passes: Callable[[float], bool], start_per_s: float) -> float | None:
    """Return the highest rate per second that passes, to within `PRECISION`, by bisection.

    ``passes`` runs a trial at a rate. A rate that fails is not tried again, and a trial that passes once has
    passed. Returns None if no rate of at least `LOWEST_PER_S` passes.
    """
    passed, failed = 0.0, 0.0
    rate = start_per_s
    while not failed or failed > passed * (1 + PRECISION):
        if rate < LOWEST_PER_S:
            return None
        if passes(rate):
            passed = rate
        else:
            failed = rate
        rate = _next(passed, failed)
    return passed


def _next(passed: float, failed: float) -> float:
    if not failed:
        return passed * GROWTH
    if not passed:
        return failed / GROWTH
    return (passed + failed) / 2
