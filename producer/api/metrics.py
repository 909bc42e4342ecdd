"""What Prometheus may know; each application has a registry of its own."""

from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "transaction_api_requests_total",
            "Requests answered, by route (not by path), method and status",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "transaction_api_request_seconds",
            "Time to answer, the stream left out",
            ["route"],
            registry=self.registry,
        )
        self.transactions = Counter(
            "transaction_api_transactions_total",
            "Transactions taken from the generator to be served",
            registry=self.registry,
        )
        self.clients = Gauge(
            "transaction_api_stream_clients", "Clients of the stream right now", registry=self.registry
        )
        self.clients_dropped = Counter(
            "transaction_api_stream_clients_dropped_total",
            "Clients of the stream that were dropped: too far behind, or a write that blocked",
            ["reason"],
            registry=self.registry,
        )
        self.events = Counter(
            "transaction_api_stream_events_total",
            "Events made for the stream, each counted once however many clients get it",
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self.registry)
