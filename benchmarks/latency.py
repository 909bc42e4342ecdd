"""How long transactions were in the job: from their arrival to their score, by the job's own stamps."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from fraudstream.domain.transaction import parse_time_ms

WARM_UP_SHARE: Final = 1 / 3
"""Of the time in which transactions arrived. Those of its beginning wait for the model to be loaded and for a
JVM that still compiles."""


class Percentiles(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


def latency_percentiles(lines: Iterable[bytes]) -> Percentiles:
    """Return the percentiles over alerts or scored records, the first third of the time left out.

    The arrival is when the transaction was due, not when the job came round to it (open loop): one
    that falls behind can't hide it. Raises ``ValueError`` if no record has both stamps.
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
    """Return when each transaction arrived (epoch milliseconds), and how many milliseconds to its score.

    Records without one of the two stamps are passed over.
    """
    pairs = []
    for record in map(orjson.loads, lines):
        arrival, scored = record.get("arrival_time"), record.get("scored_at")
        if arrival and scored:
            pairs.append((parse_time_ms(arrival), parse_time_ms(scored)))
    stamps = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return stamps[:, 0], stamps[:, 1] - stamps[:, 0]
