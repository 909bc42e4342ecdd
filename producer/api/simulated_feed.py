"""Feed of transactions whose event time is now: simulated time is mapped to the wall clock.

The simulated bank makes transactions at its own pace; clients ask at theirs. Served event times are in order,
never ahead of the wall clock, and at most `MAX_BEHIND_MS` behind it:

- If clients ask at the bank's pace, simulated time is wall time, hour of the day included.
- If they ask for more, the bank's time runs ahead. It is squeezed into the time since the last request, so
  the bank looks busier and its hours no longer match the clock's.
- If they ask for less, the bank's lead is used up first. Then transactions that nobody asked for are skipped,
  and after `RENEW_AFTER_MS` of them a new bank is opened.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, dropwhile, islice
from typing import Final

from fraudstream.domain.duration import HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.clock import AsyncClock
from producer.simulation import LabelledTransaction, TrafficOptions, ending_at, generate

MAX_BEHIND_MS: Final = MINUTE_MS
RENEW_AFTER_MS: Final = HOUR_MS
"""Idle time whose transactions are skipped at most; about 4,000 transactions at the default size."""
WARM_UP_TRANSACTIONS: Final = 2_000
"""Made and skipped when a bank opens, so that bursts and campaigns are under way."""


@dataclass(slots=True)
class EventTimes:
    """Maps simulated times to served times: in order, never ahead of the given clock."""

    lead_ms: int = 0
    """How far the simulated time of the served transactions is ahead of their served time."""
    last_served_ms: int = 0

    def behind_ms(self, simulated_ms: int, now_ms: int) -> int:
        """Return how far behind the clock a transaction would be, once the lead is used up."""
        behind_ms = now_ms - (simulated_ms - self.lead_ms)
        self.lead_ms -= min(self.lead_ms, max(0, behind_ms - MAX_BEHIND_MS))
        return now_ms - (simulated_ms - self.lead_ms)

    def serve(self, simulated_ms: Sequence[int], now_ms: int) -> list[int]:
        """Return the times to serve for simulated ones, which are in order and not before the last call's.

        If the last is not after ``now_ms``, they are kept (less the lead). Otherwise they are squeezed evenly
        between the time served last and ``now_ms``.
        """
        floor_ms = self.last_served_ms
        natural = [max(time_ms - self.lead_ms, floor_ms) for time_ms in simulated_ms]
        newest_ms = natural[-1]
        if newest_ms > now_ms:
            begin_ms = min(max(floor_ms, now_ms - MAX_BEHIND_MS), natural[0], now_ms)
            scale = (now_ms - begin_ms) / (newest_ms - begin_ms)
            natural = [begin_ms + int((time_ms - begin_ms) * scale) for time_ms in natural]
            self.lead_ms = simulated_ms[-1] - now_ms
        self.last_served_ms = natural[-1]
        return natural


def _not_counted(_count: int) -> None:
    pass


class TransactionSource:
    """Serves transactions of now; each is served once, and an id never repeats."""

    def __init__(
        self,
        *,
        accounts: int,
        fraud_share: float,
        clock: AsyncClock,
        on_taken: Callable[[int], None] = _not_counted,
    ) -> None:
        self._accounts = accounts
        self._fraud_share = fraud_share
        self._on_taken = on_taken
        self._clock = clock
        self._seed = 0
        self._times = EventTimes()
        self._stream: Iterator[LabelledTransaction] | None = None
        self._newest_simulated_ms = 0
        self._opening = asyncio.Lock()
        self.taken = 0

    @property
    def fraud_share(self) -> float:
        """Share of fraud in the served transactions, over a long time."""
        return self._fraud_share

    async def open(self) -> None:
        """Open the bank now, so that the first request need not wait for it."""
        await self._renewed(None)

    async def take(self, count: int) -> list[Transaction]:
        """Return the next ``count`` (at least 1) transactions, without their labels."""
        stream = self._stream
        if stream is None or self._clock.now_ms() - self._newest_simulated_ms > RENEW_AFTER_MS:
            stream = await self._renewed(stream)
        # Nothing is awaited from here on, so concurrent requests can't interleave their transactions.
        return self._take(stream, count)

    async def set_fraud_share(self, share: float) -> None:
        """Open a bank with this share of fraud; later transactions come from it.

        Requests in the meantime are served by the old bank.
        """
        async with self._opening:
            if share != self._fraud_share:
                await self._open(share)

    async def _renewed(self, seen: Iterator[LabelledTransaction] | None) -> Iterator[LabelledTransaction]:
        async with self._opening:
            if self._stream is seen or self._stream is None:
                return await self._open(self._fraud_share)
            return self._stream

    async def _open(self, share: float) -> Iterator[LabelledTransaction]:
        # The seed is part of every id, so each bank needs its own, in later processes too.
        now_ms = self._clock.now_ms()
        self._seed = max(self._seed + 1, now_ms)
        options = TrafficOptions(seed=self._seed, accounts=self._accounts, fraud_share=share, start_ms=0)
        # In a thread, because a large bank takes seconds to open and the streams must continue.
        stream = await asyncio.to_thread(_opened, ending_at(options, WARM_UP_TRANSACTIONS, now_ms), now_ms)
        self._times = EventTimes(last_served_ms=self._times.last_served_ms)
        self._newest_simulated_ms = now_ms
        self._fraud_share = share
        self._stream = stream
        return stream

    def _take(self, stream: Iterator[LabelledTransaction], count: int) -> list[Transaction]:
        # A clock that was set back does not set the served times back.
        now_ms = max(self._clock.now_ms(), self._times.last_served_ms)
        first = next(stream).transaction
        while self._times.behind_ms(first.event_time_ms, now_ms) > MAX_BEHIND_MS:
            first = next(stream).transaction
        rest = (labelled.transaction for labelled in islice(stream, count - 1))
        batch = [first, *rest]
        simulated_ms = [transaction.event_time_ms for transaction in batch]
        self._newest_simulated_ms = max(self._newest_simulated_ms, simulated_ms[-1])
        self.taken += count
        self._on_taken(count)
        times_ms = self._times.serve(simulated_ms, now_ms)
        return [
            replace(transaction, event_time_ms=time_ms)
            for transaction, time_ms in zip(batch, times_ms, strict=True)
        ]


def _opened(options: TrafficOptions, now_ms: int) -> Iterator[LabelledTransaction]:
    stream = generate(options)
    later = dropwhile(lambda labelled: labelled.transaction.event_time_ms < now_ms - MAX_BEHIND_MS, stream)
    return chain([next(later)], later)
