"""Traffic of a parity check: rounds of transactions that share no entity, with every outcome and gaps."""

import random
from collections.abc import Iterator
from typing import Any, Final

import orjson

from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.transaction import TransactionKey, format_time

HOT: Final = "HOT"
"""Slot 0 has an account and a merchant of its own, with a history that is condensed to panes."""
OUT_OF_ORDER_SHARE: Final = 0.05
LATE_SHARE: Final = 0.01
REPEATED_SHARE: Final = 0.03
CONFLICTING_SHARE: Final = 0.01
MISSING_SHARE: Final = 0.1
_TYPES: Final = ("card_purchase", "transfer", "incoming_transfer", "withdrawal")
_CITIES: Final = (("Hanoi", 21.03, 105.85), ("Da Nang", 16.05, 108.2), ("Ho Chi Minh City", 10.78, 106.7))


class ParityTraffic:
    """Rounds of ``slots`` transactions over as many accounts, devices, merchants and counterparties.

    Within a round each entity occurs at most once among the transactions that can change its history: the
    devices, merchants and counterparties move on by a slot's number each round. So the answers about a round
    do not depend on the order in which the job takes it. Event times end at ``end_ms``, epoch milliseconds.
    """

    def __init__(self, seed: int, slots: int, end_ms: int) -> None:
        self._draw = random.Random(seed)
        self._slots = slots
        self._end_ms = end_ms
        self._sent: dict[int, dict[str, Any]] = {}
        self._run = f"P{end_ms:x}"
        self._made = 0

    def history(self, count: int) -> list[bytes]:
        """Return ``count`` transactions of the hot account and merchant, in order, of the last 20 hours."""
        begin_ms, span_ms = self._end_ms - 21 * HOUR_MS, 20 * HOUR_MS
        return [
            orjson.dumps(self._transaction(0, 0, begin_ms + span_ms * number // count))
            for number in range(count)
        ]

    def rounds(self, transactions: int) -> Iterator[list[bytes]]:
        """Yield rounds until there are ``transactions``; the last round may be smaller."""
        number = 0
        while transactions > 0:
            size = min(self._slots, transactions)
            yield [orjson.dumps(self._next(number, slot)) for slot in range(size)]
            transactions -= size
            number += 1

    def _next(self, number: int, slot: int) -> dict[str, Any]:
        drawn = self._draw.random()
        before = self._sent.get(slot)
        if before is not None:
            if drawn < REPEATED_SHARE:
                return before
            drawn -= REPEATED_SHARE
            if drawn < CONFLICTING_SHARE:
                return before | {"transaction_amount_vnd": before["transaction_amount_vnd"] + 1}
            drawn -= CONFLICTING_SHARE
        time_ms = self._end_ms - HOUR_MS + 1_000 * number + slot
        if drawn < LATE_SHARE:
            return self._transaction(number, slot, time_ms - 2 * DAY_MS)
        if drawn < LATE_SHARE + OUT_OF_ORDER_SHARE:
            time_ms -= self._draw.randrange(HOUR_MS)
        self._sent[slot] = self._transaction(number, slot, time_ms)
        return self._sent[slot]

    def _transaction(self, number: int, slot: int, time_ms: int) -> dict[str, Any]:
        draw, moved = self._draw, self._slots - 1
        self._made += 1
        city, latitude, longitude = draw.choice(_CITIES)
        # Slot 0 keeps its merchant; the others move among the rest.
        places = [1 + (slot + step * number) % moved if moved else 1 for step in (1, 3, 7)]
        transaction: dict[str, Any] = {
            "transaction_id": f"{self._run}-{self._made}",
            "event_time": format_time(time_ms),
            "account_id": f"{self._run}-A{slot or HOT}",
            "transaction_amount_vnd": float(draw.randrange(1_000, 90_000_000)),
            "customer_id": f"{self._run}-U{slot or HOT}",
            "device_id": f"{self._run}-D{places[0] if slot else HOT}",
            "merchant_id": f"{self._run}-M{places[1] if slot else HOT}",
            "counterparty_id": f"{self._run}-C{places[2] if slot else HOT}",
            "transaction_type": draw.choice(_TYPES),
            "channel": draw.choice(("mobile", "web", "pos")),
            "transaction_fees_vnd": float(draw.randrange(0, 20_000)),
            "merchant_category": draw.choice(("grocery", "electronics", "travel")),
            "city": city,
            "latitude": latitude,
            "longitude": longitude,
            "biometric_failure_count": draw.randrange(4),
            "status": draw.choice(("completed", "completed", "declined")),
        }
        always = {"transaction_id", "event_time", "account_id", "transaction_amount_vnd"}
        return {
            name: None if name not in always and draw.random() < MISSING_SHARE else value
            for name, value in transaction.items()
        }


def key_of(record: bytes) -> TransactionKey:
    """Return the identity of a transaction as JSON."""
    return TransactionKey.of(orjson.loads(record))
