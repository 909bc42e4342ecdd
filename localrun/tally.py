"""The account of a run: every transaction sent, what became of it, and how long its alert took."""

import math
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson

from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType
from fraudstream.streams.protocols import StreamRecord
from producer.simulation import LabelledTransaction

WARM_UP_TRANSACTIONS: Final = 1_000
"""Latency counts from the transaction after so many: the first ones meet a JVM that still compiles."""
SHOWN_ALERTS: Final = 10


@dataclass(frozen=True, slots=True)
class _Sent:
    number: int
    put_at_ms: int
    fraud_type: FraudType | None


@dataclass(slots=True)
class Tally:
    """What was sent and what came back, by transaction_id; safe to use from several threads."""

    threshold: float = math.inf
    """The score from which an alert must come."""
    sent: dict[str, _Sent] = field(default_factory=dict)
    scored: set[str] = field(default_factory=set)
    to_alert: set[str] = field(default_factory=set)
    alerted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    dead_letters: int = 0
    duplicates: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    latest: deque[Alert] = field(default_factory=lambda: deque(maxlen=SHOWN_ALERTS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_sent(self, batch: Sequence[LabelledTransaction], put_at_ms: int) -> None:
        """Note good transactions that are in the stream, put at ``put_at_ms`` (epoch)."""
        with self.lock:
            for transaction, label in batch:
                number = len(self.sent) + 1
                self.sent[transaction.transaction_id] = _Sent(number, put_at_ms, label.fraud_type)

    def on_scored(self, records: Iterable[StreamRecord]) -> None:
        """Note what became of accepted transactions."""
        with self.lock:
            for record in records:
                scored = orjson.loads(record.data)
                if scored["outcome"] == "duplicate":
                    self.duplicates += 1
                else:
                    self.scored.add(scored["transaction_id"])
                    if (scored.get("score") or 0) >= self.threshold:
                        self.to_alert.add(scored["transaction_id"])

    def on_alert(self, alert: Alert, arrival_ms: int) -> None:
        """Note an alert that the alert stream took at ``arrival_ms`` (epoch)."""
        with self.lock:
            self.latest.append(alert)
            self.alerted.add(alert.transaction_id)
            sent = self.sent.get(alert.transaction_id)
            if sent is not None and sent.number > WARM_UP_TRANSACTIONS:
                self.latencies_ms.append(arrival_ms - sent.put_at_ms)

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """Note a refused record; a good transaction among them is not lost."""
        with self.lock:
            self.dead_letters += 1
            self.refused.add(_transaction_id(letter))

    def lost(self) -> int:
        """Return how many of the sent transactions were neither scored nor refused, so far."""
        with self.lock:
            return len(self.sent.keys() - self.scored - self.refused)

    def awaited_alerts(self) -> int:
        """Return for how many scored transactions the alert has not come, so far."""
        with self.lock:
            return len(self.to_alert - self.alerted)

    def progress(self) -> tuple[int, ...]:
        """Return numbers that grow with everything that comes in."""
        with self.lock:
            return (len(self.scored), len(self.alerted), self.dead_letters, self.duplicates)

    def summary(self) -> dict[str, Any]:
        """Return the run's result; null where there is nothing to divide by."""
        lost = self.lost()
        with self.lock:
            fraud = {name for name, sent in self.sent.items() if sent.fraud_type is not None}
            hits = self.alerted & fraud
            return {
                "sent": len(self.sent),
                "scored": len(self.scored),
                "alerts": len(self.alerted),
                "dead_letters": self.dead_letters,
                "duplicates": self.duplicates,
                "lost": lost,
                "latency_ms": {"p50": self._percentile(50), "p99": self._percentile(99)},
                "precision": _share(len(hits), len(self.alerted)),
                "recall": _share(len(hits), len(fraud)),
                "by_fraud_type": {name: self._by_type(name) for name in FRAUD_TYPES},
            }

    def _by_type(self, fraud_type: FraudType) -> dict[str, Any]:
        sent = {name for name, sent in self.sent.items() if sent.fraud_type == fraud_type}
        alerted = sent & self.alerted
        return {"sent": len(sent), "alerts": len(alerted), "recall": _share(len(alerted), len(sent))}

    def _percentile(self, percent: float) -> int | None:
        return round(np.percentile(self.latencies_ms, percent)) if self.latencies_ms else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _transaction_id(letter: DeadLetter) -> str:
    """Return the id in a refused record, empty if it can't be read."""
    try:
        record = orjson.loads(letter.raw_bytes)
    except orjson.JSONDecodeError:
        return ""
    return str(record.get("transaction_id")) if isinstance(record, dict) else ""
