"""Prometheus metrics of the Transaction API besides its requests; one registry per application."""

from fraudstream.runtime.metrics_registry import MetricsRegistry
from producer.api.identity import METRIC_PREFIX


class Metrics:
    """Counters and gauges of one application."""

    def __init__(self) -> None:
        self.registry = MetricsRegistry(METRIC_PREFIX)
        self.transactions = self.registry.counter(
            "transactions_total", "Transactions taken from the generator to be served"
        )
        self.clients = self.registry.gauge("stream_clients", "Clients of the stream right now")
        self.clients_dropped = self.registry.counter(
            "stream_clients_dropped_total",
            "Clients of the stream that were dropped: too far behind, or a write that blocked",
            ["reason"],
        )
        self.events = self.registry.counter(
            "stream_events_total",
            "Events made for the stream, each counted once however many clients get it",
        )
