import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.catalogue import BUILT_IN
from models.cost import catalogue_with_list, costs
from models.members import KINDS


class Ticking:
    """A member that takes a fixed number of clock ticks per batch."""

    kind = "ticking"

    def __init__(self, clock: "Clock", ticks: list[float]) -> None:
        self._clock = clock
        self._ticks = iter(ticks)

    def score(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        self._clock.now += next(self._ticks)
        return np.full(len(features), 0.5)

    def to_bytes(self) -> bytes:
        return b""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_cost_of_a_row_is_the_median_of_the_repeats() -> None:
    clock = Clock()
    # Each member scores twice per round: alone, then for the ensemble.
    members = {
        "quick": Ticking(clock, [0.002, 0.002, 9.0, 0.002, 0.002, 0.002]),
        "slow": Ticking(clock, [0.008] * 6),
    }
    measured = costs(members, np.zeros((1_000, 2), np.float32), 3, clock)
    assert list(measured) == ["quick", "slow", "ensemble"]
    assert measured["quick"].microseconds_per_row == pytest.approx(2)
    assert measured["slow"].rows_per_second == pytest.approx(125_000)
    assert measured["ensemble"].microseconds_per_row == pytest.approx(10)


def test_every_kind_can_train_on_the_measured_catalogue() -> None:
    catalogue = catalogue_with_list()
    assert catalogue.names[:-1] == BUILT_IN.names
    assert not any(kind.reason_unsuitable(catalogue) for kind in KINDS.values())
