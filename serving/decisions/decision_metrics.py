"""Prometheus metrics of the decision API."""

from typing import Final

from fraudstream.online.online_decision import OnlineDecision
from fraudstream.runtime.metrics_registry import MetricsRegistry

AGE_BUCKETS_S: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class DecisionMetrics:
    """Counters of decisions, and of what got none."""

    def __init__(self, registry: MetricsRegistry) -> None:
        self._decisions = registry.counter(
            "decisions_total",
            "Decisions by risk level (none without a score) and by the state of the profiles",
            ["risk_level", "profile"],
        )
        self._outcomes = registry.counter(
            "decision_outcomes_total", "Decisions by what the stream makes of the transaction", ["outcome"]
        )
        self._age = registry.histogram(
            "profile_age_seconds", "Age of the profiles of decisions", buckets=AGE_BUCKETS_S
        )
        self._waiting = registry.gauge("decision_queue_transactions", "Transactions without a decision yet")
        self._refused = registry.counter(
            "decision_refusals_total", "Requests that got no decision, by reason", ["reason"]
        )
        self.invalid = registry.counter(
            "decision_invalid_records_total", "Transactions that the job would refuse, by reason", ["reason"]
        )
        self._open = registry.gauge(
            "profile_breakers_open", "Threads whose circuit breaker is open: they do not ask the store"
        )
        self.dropped = registry.counter(
            "decisions_dropped_total", "Decisions that their stream did not get, by reason", ["reason"]
        )
        self.streamed = registry.counter("decisions_streamed_total", "Decisions that their stream has")

    def breakers(self, opened: int) -> None:
        """Set the number of open breakers."""
        self._open.set(opened)

    def decided(self, decision: OnlineDecision) -> None:
        """Count a decision."""
        self._decisions.labels(decision.risk_level or "none", decision.profile).inc()
        self._outcomes.labels(decision.outcome).inc()
        if decision.profile_age_ms is not None:
            self._age.observe(decision.profile_age_ms / 1000)

    def waiting(self, transactions: int) -> None:
        """Set the number of transactions that wait or are being decided."""
        self._waiting.set(transactions)

    def refused(self, reason: str) -> None:
        """Count a request that got no decision."""
        self._refused.labels(reason).inc()
