"""Sources of transactions without a bank, and what the clients of a flow received."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fraudstream.domain.transaction import Transaction
from producer.api.flow import Client, Pace
from tests.unit.producer.api.api_helpers import FakeTime, decode

PACE = Pace(1.0, 2)


class NumberedSource:
    """Returns numbered transactions; records the time at which each was taken."""

    def __init__(self, time: FakeTime) -> None:
        self.taken_at_s: list[float] = []
        self._time = time

    async def take(self, count: int) -> list[Transaction]:
        self.taken_at_s.append(self._time.elapsed_s)
        first = len(self.taken_at_s) * 1_000
        return [
            Transaction(
                transaction_id=f"T{first + n}", event_time_ms=0, account_id="A", transaction_amount_vnd=1.0
            )
            for n in range(count)
        ]


class OverloadedSource(NumberedSource):
    """Takes three seconds per batch, and fails a test that it has blocked."""

    async def take(self, count: int) -> list[Transaction]:
        self._time.pass_s(3)
        assert len(self.taken_at_s) < 1_000
        return await super().take(count)


class StallingSource(NumberedSource):
    """Delivers its second batch at 2.3 s, its fourth at 12.5 s, and the others at once."""

    async def take(self, count: int) -> list[Transaction]:
        taken = await super().take(count)
        done_at_s = {2: 2.3, 4: 12.5}.get(len(self.taken_at_s), 0.0)
        self._time.pass_s(max(0.0, done_at_s - self._time.elapsed_s))
        return taken


class FailingSource:
    async def take(self, count: int) -> list[Transaction]:
        msg = f"no {count} transactions today"
        raise RuntimeError(msg)


def events(client: Client) -> list[dict[str, Any]]:
    data = b""
    while piece := client.take():
        data += piece
    return [event for event in decode(data) if "retry" not in event]


def transaction_ids(client: Client) -> list[str]:
    return [t["transaction_id"] for e in events(client) for t in e["data"]["transactions"]]


def run(scenario: Callable[[FakeTime], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario(FakeTime()))
