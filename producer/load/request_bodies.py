"""Requests of a load test: transactions of the simulated bank that happen when they are sent."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import orjson

from fraudstream.domain.transaction import format_time
from producer.simulation import TrafficOptions
from producer.source_bank import bank_records

MAX_POOL: Final = 50_000
"""Transactions that are made before the run, of about 1 KB each. Making them during it would take CPU time
from the requests, in blocks of many at once."""


class TransactionPool:
    """Endless transactions of the simulated bank, each with a new id and the time when it is taken.

    The accounts are those of the seed. After ``count`` transactions (at most `MAX_POOL`) they begin anew,
    under other ids. ``now_ms`` is the wall clock; its first time makes the ids differ from other runs.
    """

    def __init__(self, traffic: TrafficOptions, count: int, now_ms: Callable[[], int]) -> None:
        self._run = f"L{now_ms():x}"
        records = bank_records(traffic, min(count, MAX_POOL), now_ms())
        self._transactions: Sequence[dict[str, Any]] = [orjson.loads(record.data) for record in records]
        self._now_ms = now_ms

    def __iter__(self) -> Iterator[bytes]:
        """Return the transactions as JSON."""
        for number, transaction in enumerate(itertools.cycle(self._transactions), start=1):
            own = {
                "transaction_id": f"{self._run}-{number}",
                "event_time": format_time(self._now_ms()),
            }
            yield orjson.dumps(transaction | own)
