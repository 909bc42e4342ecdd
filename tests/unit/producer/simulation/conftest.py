from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from fraudstream.domain.arrays import Rows
from producer.simulation import TrafficOptions, blocks

START_MS = 1_767_200_400_000  # 2026-01-01, 00:00 in Vietnam

Take = Callable[[int, TrafficOptions], Rows]


@pytest.fixture(scope="session")
def take() -> Take:
    """Return the first ``count`` rows of a stream."""

    def first(count: int, options: TrafficOptions) -> Rows:
        parts: list[Rows] = []
        traffic = blocks(options)
        while sum(map(len, parts)) < count:
            parts.extend(block.rows for block in islice(traffic, 1))
        return np.concatenate(parts)[:count]

    return first


@pytest.fixture(scope="session")
def rows(take: Take) -> Rows:
    """Return 20 days of the default bank."""
    return take(200_000, TrafficOptions(start_ms=START_MS))


@pytest.fixture(scope="session")
def honest(rows: Rows) -> Rows:
    """Return its honest transactions."""
    return rows[rows["fraud"] < 0]


@pytest.fixture(scope="session")
def year(take: Take) -> Rows:
    """Return a year of a small bank without fraud."""
    return take(550_000, TrafficOptions(start_ms=START_MS, accounts=300, fraud_share=0))
