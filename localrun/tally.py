"""Tally of a run: every transaction sent, its outcome, and the latency of its alert."""

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
from fraudstream.domain.transaction import TransactionKey
from fraudstream.streams.protocols import StreamRecord
from producer.simulation import LabelledTransaction

WARM_UP_TRANSACTIONS: Final = 1_000
"""Number of first transactions that latency ignores, because the JVM is still compiling."""
SHOWN_ALERTS: Final = 10


@dataclass(frozen=True, slots=True)
class _Sent:
    number: int
    put_at_ms: int
    fraud_type: FraudType | None


@dataclass(slots=True)
class Tally:
    """Sent transactions and their outcomes, by transaction. Thread-safe."""

    threshold: float = math.inf
    """Lowest score for which an alert is expected."""
    sent: dict[TransactionKey, _Sent] = field(default_factory=dict)
    scored: set[TransactionKey] = field(default_factory=set)
    to_alert: set[TransactionKey] = field(default_factory=set)
    alerted: set[TransactionKey] = field(default_factory=set)
    refused: set[TransactionKey] = field(default_factory=set)
    reviews: int = 0
    dead_letters: int = 0
    duplicates: int = 0
    latencies_ms: list[int] = field(default_factory=list)
    latest: deque[Alert] = field(default_factory=lambda: deque(maxlen=SHOWN_ALERTS))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on_sent(self, batch: Sequence[LabelledTransaction], put_at_ms: int) -> None:
        """Record good transactions that were put into the stream at ``put_at_ms`` (epoch milliseconds)."""
        with self.lock:
            for transaction, label in batch:
                number = len(self.sent) + 1
                self.sent[transaction.key] = _Sent(number, put_at_ms, label.fraud_type)

    def on_scored(self, records: Iterable[StreamRecord]) -> None:
        """Record the outcomes of accepted transactions."""
        with self.lock:
            for record in records:
                scored = orjson.loads(record.data)
                if scored["outcome"] == "duplicate":
                    self.duplicates += 1
                else:
                    self.scored.add(TransactionKey.of(scored))
                    if (scored.get("score") or 0) >= self.threshold:
                        self.to_alert.add(TransactionKey.of(scored))

    def on_alert(self, alert: Alert, arrival_ms: int) -> None:
        """Record an alert that arrived in the alert stream at ``arrival_ms`` (epoch milliseconds)."""
        with self.lock:
            transaction = alert.transaction
            if alert.kind == "review" or transaction is None:
                self.reviews += 1
                return
            self.latest.append(alert)
            self.alerted.add(transaction)
            sent = self.sent.get(transaction)
            if sent is not None and sent.number > WARM_UP_TRANSACTIONS:
                self.latencies_ms.append(arrival_ms - sent.put_at_ms)

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """Record a dead letter; a good transaction that was refused is not counted as lost."""
        with self.lock:
            self.dead_letters += 1
            self.refused |= _transactions(letter)

    def lost(self) -> int:
        """Return the number of sent transactions that are neither scored nor refused so far."""
        with self.lock:
            return len(self.sent.keys() - self.scored - self.refused)

    def awaited_alerts(self) -> int:
        """Return the number of scored transactions whose alert has not arrived yet."""
        with self.lock:
            return len(self.to_alert - self.alerted)

    def progress(self) -> tuple[int, ...]:
        """Return counts that grow with any new output, to detect progress."""
        with self.lock:
            return (len(self.scored), len(self.alerted), self.reviews, self.dead_letters, self.duplicates)

    def summary(self) -> dict[str, Any]:
        """Return the run's result; a ratio or percentile without data is None."""
        lost = self.lost()
        with self.lock:
            fraud = {name for name, sent in self.sent.items() if sent.fraud_type is not None}
            hits = self.alerted & fraud
            return {
                "sent": len(self.sent),
                "scored": len(self.scored),
                "alerts": len(self.alerted),
                "reviews": self.reviews,
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


def _transactions(letter: DeadLetter) -> set[TransactionKey]:
    """Return the transaction of a refused record; empty if it can't be read."""
    try:
        record = orjson.loads(letter.raw_bytes)
    except orjson.JSONDecodeError:
        return set()
    return {TransactionKey.of(record)} if isinstance(record, dict) else set()
