"""Counters of an application's requests, for Prometheus."""

from fraudstream.runtime.metrics_registry import MetricsRegistry

UNMATCHED = "unmatched"
"""Stands for all paths that are no route: a counter for each would never end."""
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
"""The methods that are counted by name; all others together are ``other``."""


class RequestMetrics:
    """Counts requests by route, and times them, but for those routes whose answers have no end."""

    def __init__(self, registry: MetricsRegistry, untimed_routes: frozenset[str] = frozenset()) -> None:
        self._requests = registry.counter(
            "requests_total",
            "Requests answered, by route (not by path), method and status",
            ["route", "method", "status"],
        )
        self._seconds = registry.histogram("request_seconds", "Time to answer, streams left out", ["route"])
        self._untimed_routes = untimed_routes

    def count(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is None where no route matched its path."""
        route = route or UNMATCHED
        self._requests.labels(route, method if method in METHODS else "other", str(status)).inc()
        if route not in self._untimed_routes:
            self._seconds.labels(route).observe(seconds)
