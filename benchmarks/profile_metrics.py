"""Metrics of a running job about the profiles that it writes, from the REST port of its mini cluster."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import URLError

from fraudstream.runtime.loopback import open_url

TIMEOUT_S: Final = 2.0
ROWS: Final = "profile_rows"
BYTES: Final = "profile_bytes"
MARKED: Final = "profile_dirty_keys"
LAG: Final = "profile_lag_ms"
NAMES: Final = frozenset({ROWS, BYTES, MARKED, LAG})


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenProfiles:
    """What the steps of a job have written so far, and what they have not.

    ``marked`` are the profiles that changed and are neither stored nor on their way to the store; ``lag_ms``
    is the age of the oldest change that the store lacks.
    """

    rows: int
    bytes: int
    marked: int
    lag_ms: float


def written_profiles(rest_url: str) -> WrittenProfiles | None:
    """Return the metrics of the only job at a REST port; None if it has none, or does not answer."""
    try:
        metrics = list(_metrics(rest_url))
    except (URLError, ConnectionError, TimeoutError):
        # The cluster starts or ends.
        return None
    return sum_of_steps(metrics)


def sum_of_steps(metrics: Sequence[Mapping[str, str]]) -> WrittenProfiles | None:
    """Return the sums over the steps; ``metrics`` have an ``id`` like ``0.account_id.profile_rows``."""
    values: dict[str, list[float]] = {name: [] for name in NAMES}
    for metric in metrics:
        values[_name(metric["id"])].append(float(metric["value"]))
    if not all(values.values()):
        return None
    return WrittenProfiles(
        rows=round(sum(values[ROWS])),
        bytes=round(sum(values[BYTES])),
        marked=round(sum(values[MARKED])),
        lag_ms=max(values[LAG]),
    )


def _metrics(rest_url: str) -> Iterator[Mapping[str, str]]:
    for job in _ask(f"{rest_url}/jobs")["jobs"]:
        for vertex in _ask(f"{rest_url}/jobs/{job['id']}")["vertices"]:
            path = f"{rest_url}/jobs/{job['id']}/vertices/{vertex['id']}/metrics"
            found = [each["id"] for each in _ask(path) if _name(each["id"]) in NAMES]
            if found:
                yield from _ask(f"{path}?get={','.join(found)}")


def _name(metric_id: str) -> str:
    return metric_id.rpartition(".")[2]


def _ask(url: str) -> Any:  # noqa: ANN401 - JSON
    with open_url(url, TIMEOUT_S) as response:
        return json.load(response)
