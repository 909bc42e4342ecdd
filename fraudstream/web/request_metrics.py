"""Request metrics of an application, for Prometheus."""

from http import HTTPStatus

from fraudstream.runtime.metrics_registry import MetricsRegistry

UNMATCHED = "unmatched"
"""Label for all paths without a route: a label for each path would be unbounded."""
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
"""The methods that are counted by name; all others are counted as ``other``."""


class RequestMetrics:
    """Counts and times requests by route, except for the time of routes with endless responses."""

    def __init__(self, registry: MetricsRegistry, untimed_routes: frozenset[str] = frozenset()) -> None:
        self._requests = registry.counter(
            "requests_total",
            "Responses by route (not by path), method and status",
            ["route", "method", "status"],
        )
        self._seconds = registry.histogram("request_seconds", "Response time, without streams", ["route"])
        self._refused_credentials = registry.counter(
            "refused_credentials_total", "Requests refused for their credentials, by kind", ["kind"]
        )
        self._scope_violations = registry.counter(
            "scope_violations_total", "Requests refused because the caller lacks a scope, by route", ["route"]
        )
        self._untimed_routes = untimed_routes

    def count(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is None if no route matched its path."""
        route = route or UNMATCHED
        if status == HTTPStatus.FORBIDDEN:
            self._scope_violations.labels(route).inc()
        self._requests.labels(route, method if method in METHODS else "other", str(status)).inc()
        if route not in self._untimed_routes:
            self._seconds.labels(route).observe(seconds)

    def refused_credentials(self, kind: str) -> None:
        """Count a request without valid credentials: none, an unknown key, or a token that can't be used."""
        self._refused_credentials.labels(kind).inc()
