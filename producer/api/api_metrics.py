"""Prometheus metrics of the Transaction API besides its requests; one registry per application."""

from fraudstream.runtime.metrics_registry import MetricsRegistry
from producer.api.identity import METRIC_PREFIX


class Metrics:
    """Counters and gauges of one application."""

    def __init__(self) -> None:
        self.registry = MetricsRegistry(METRIC_PREFIX)
        self.transactions = self.registry.counter("transactions_total", "Transactions generated and served")
        self.clients = self.registry.gauge("stream_clients", "Clients connected to the stream")
        self.clients_dropped = self.registry.counter(
            "stream_clients_dropped_total",
            "Clients dropped because they were too far behind or a write blocked",
            ["reason"],
        )
        self.events = self.registry.counter(
            "stream_events_total",
            "Stream events generated, each counted once regardless of the number of clients",
        )
