"""Latency of transactions from arrival to score, computed from the job's timestamps."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from fraudstream.domain.transaction import parse_time_ms

WARM_UP_SHARE: Final = 1 / 3
"""Share of the arrival time range that is not counted: its transactions wait for the model to load and for a
JVM that is still compiling."""


class Percentiles(NamedTuple):
    """Latency percentiles in milliseconds."""

    p50: float
    p99: float


def latency_percentiles(lines: Iterable[bytes]) -> Percentiles:
    """Return the percentiles over alerts or scored records, without the warm-up, the first third of the time.

    The arrival is when the transaction was due, not when the job read it (open loop), so a job that falls
    behind can't hide it. Raises ``ValueError`` if no record has both timestamps.
    """
    arrivals_ms, latencies_ms = stamps(lines)
    if not len(arrivals_ms):
        msg = "no record has both arrival_time and scored_at"
        raise ValueError(msg)
    first, last = arrivals_ms.min(), arrivals_ms.max()
    counted = latencies_ms[arrivals_ms >= first + WARM_UP_SHARE * (last - first)]
    p50, p99 = np.percentile(counted, [50, 99])
    return Percentiles(float(p50), float(p99))


def stamps(lines: Iterable[bytes]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return each transaction's arrival time (epoch milliseconds) and its latency in milliseconds.

    Both arrays have one element per record. Records without one of the two timestamps are skipped.
    """
    pairs = []
    for record in map(orjson.loads, lines):
        arrival, scored = record.get("arrival_time"), record.get("scored_at")
        if arrival and scored:
            pairs.append((parse_time_ms(arrival), parse_time_ms(scored)))
    stamps = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return stamps[:, 0], stamps[:, 1] - stamps[:, 0]
