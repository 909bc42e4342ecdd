"""Prometheus metrics of one process or application, with validation of names and units.

The rules are Prometheus' own: https://prometheus.io/docs/practices/naming/. A name is
``<prefix>_<what>_<unit>``, with base units (seconds, bytes, ratios); counters, and only counters, end with
``_total``.
"""

import os
import re
from collections.abc import Sequence
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of the folder through which processes share their metrics; prometheus_client reads it
when it is imported."""
MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
"""The content type of `MetricsRegistry.text`."""
BASE_UNITS: Final = ("seconds", "bytes", "ratio", "celsius", "meters", "joules", "grams", "volts", "amperes")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RESERVED_ENDINGS: Final = ("count", "sum", "bucket", "created", "info")
"""Suffixes that the text format adds to the parts of a metric."""
_BASE_OF: Final = (
    dict.fromkeys(("ms", "us", "ns", "milliseconds", "microseconds", "minutes", "hours", "days"), "seconds")
    | dict.fromkeys(("kb", "mb", "gb", "kib", "mib", "gib", "kilobytes", "megabytes", "bits"), "bytes")
    | dict.fromkeys(("percent", "pct", "permille"), "ratio")
)
"""The base unit to use instead of each other unit."""
_RESERVED_LABELS: Final = frozenset({"le", "quantile", "job", "instance"})
"""Labels that Prometheus interprets, or adds when it scrapes the metrics."""


class MetricsRegistry:
    """The metrics of a process, all with the same prefix.

    Raises `ValueError` for a name, label or meaning that breaks a rule, and for a name that is already in
    use.
    """

    def __init__(self, prefix: str) -> None:
        if not _NAME.fullmatch(prefix):
            msg = f"metric prefix {prefix!r}: write lower case words with underscores, like decision_api"
            raise ValueError(msg)
        self.prefix = prefix
        self._registry = CollectorRegistry()

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """Create a counter, which only increases: ``requests_total``."""
        if not name.endswith("_total"):
            msg = f"metric {name!r}: the name of a counter ends with _total"
            raise ValueError(msg)
        return Counter(self._checked(name, meaning, labels), meaning, labels, registry=self._registry)

    def gauge(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        """Create a gauge, which can go up and down: ``stream_clients``, ``memory_bytes``."""
        self._not_a_total(name)
        return Gauge(
            self._checked(name, meaning, labels),
            meaning,
            labels,
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def histogram(
        self,
        name: str,
        meaning: str,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS,
    ) -> Histogram:
        """Create a histogram of values with a unit: ``request_seconds``; ``buckets`` are upper bounds."""
        self._not_a_total(name)
        if name.rpartition("_")[2] not in BASE_UNITS:
            msg = f"metric {name!r}: end the name of a histogram with its unit: {', '.join(BASE_UNITS)}"
            raise ValueError(msg)
        return Histogram(
            self._checked(name, meaning, labels), meaning, labels, buckets=buckets, registry=self._registry
        )

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format; the content type is `MEDIA_TYPE`.

        In a process whose environment has `SHARED_FOLDER`, those of all processes that share it, added up.
        """
        if SHARED_FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call] # the library's own
        return generate_latest(together)

    def _checked(self, name: str, meaning: str, labels: Sequence[str]) -> str:
        """Validate a metric and return its full name, with the prefix."""
        if not _NAME.fullmatch(name):
            msg = f"metric {name!r}: write lower case words with underscores, like requests_total"
            raise ValueError(msg)
        if name.startswith(f"{self.prefix}_"):
            msg = f"metric {name!r}: remove the prefix {self.prefix}_; the registry adds it"
            raise ValueError(msg)
        if name.rpartition("_")[2] in _RESERVED_ENDINGS:
            msg = f"metric {name!r}: Prometheus reserves this suffix; use another"
            raise ValueError(msg)
        for word in name.split("_"):
            if word in _BASE_OF:
                msg = f"metric {name!r}: write {_BASE_OF[word]} in place of {word}, and measure in it"
                raise ValueError(msg)
        if not meaning.strip():
            msg = f"metric {name!r}: describe in a sentence what it counts or measures"
            raise ValueError(msg)
        for label in labels:
            if not _NAME.fullmatch(label) or label in _RESERVED_LABELS:
                msg = f"metric {name!r}: the label {label!r} can't be used; use another lower case word"
                raise ValueError(msg)
        return f"{self.prefix}_{name}"

    @staticmethod
    def _not_a_total(name: str) -> None:
        if name.endswith("_total"):
            msg = f"metric {name!r}: only names of counters end with _total"
            raise ValueError(msg)
