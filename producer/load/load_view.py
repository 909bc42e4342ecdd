"""Terminal view of a load test, while it runs and at its end."""

from collections import deque
from collections.abc import Callable
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from producer.load.live_display import numbers_grid, shown_ms
from producer.load.load_statistics import LoadStatistics
from producer.load.send_schedule import SendSchedule
from producer.load.shard_counts import hot_shards

RATE_SPAN_S: Final = 5.0
"""Throughput is shown over the most recent span of this length."""


class LoadView:
    """Renders the statistics; `__rich__` returns the current view, so that rich's ``Live`` can ask for it.

    ``now_s`` is the clock of the run, in seconds from its start.
    """

    def __init__(
        self,
        statistics: LoadStatistics,
        schedule: SendSchedule,
        open_shards: int,
        now_s: Callable[[], float],
    ) -> None:
        self.stage = "sending"
        self._statistics = statistics
        self._schedule = schedule
        self._open_shards = open_shards
        self._now_s = now_s
        self._samples = deque([(0.0, 0)])

    def __rich__(self) -> RenderableType:
        """Return the current view."""
        with self._statistics.lock:
            warnings = hot_shards(self._statistics.shards, self._open_shards)
            parts: list[RenderableType] = [self._numbers(), Text(), self._shards()]
        parts += [Text(warning, "yellow") for warning in warnings]
        return Panel(Group(*parts), title=f"load: {self.stage}", border_style="blue")

    def line(self) -> str:
        """Return the same in one line, for output that is not a terminal."""
        with self._statistics.lock:
            counted = self._statistics
            return (
                f"{self.stage}: sent {counted.sent:,}{self._wanted()} ({self._rate_per_s():,.0f} tx/s), "
                f"lag p99 {shown_ms(counted.lag_ms.percentile_ms(99))}, "
                f"put p99 {shown_ms(counted.put_ms.percentile_ms(99))}, "
                f"retries {counted.retries:,}, failed {counted.failed:,}"
            )

    def _numbers(self) -> Table:
        counted = self._statistics
        throttled = sum(shard.throttled for shard in counted.shards.values())
        rows = [
            ("sent", f"{counted.sent:,}{self._wanted()}"),
            ("put p50", shown_ms(counted.put_ms.percentile_ms(50))),
            ("lag p50", shown_ms(counted.lag_ms.percentile_ms(50))),
            ("throughput", f"{self._rate_per_s():,.0f} tx/s"),
            ("put p99", shown_ms(counted.put_ms.percentile_ms(99))),
            ("lag p99", shown_ms(counted.lag_ms.percentile_ms(99))),
            ("in flight", f"{counted.made - counted.sent - counted.failed - counted.not_sent:,}"),
            ("put max", shown_ms(counted.put_ms.max_ms)),
            ("lag max", shown_ms(counted.lag_ms.max_ms)),
            ("failed", f"{counted.failed:,}"),
            ("retries", f"{counted.retries:,}"),
            ("throttled", f"{throttled:,}"),
        ]
        return numbers_grid(rows)

    def _shards(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for name in ("shard", "transactions", "share", "records", "MB", "throttled"):
            table.add_column(name, justify="left" if name == "shard" else "right", header_style="dim")
        for name, shard in sorted(self._statistics.shards.items()):
            share = f"{shard.transactions / max(self._statistics.sent, 1):.1%}"
            size = f"{shard.size_bytes / 1e6:,.1f}"
            counts = (f"{shard.transactions:,}", share, f"{shard.records:,}", size, f"{shard.throttled:,}")
            table.add_row(name, *counts)
        return table

    def _wanted(self) -> str:
        return "" if self._schedule.records is None else f" of {self._schedule.records:,}"

    def _rate_per_s(self) -> float:
        """Return the throughput of the last seconds, or that of the whole run at its end."""
        counted = self._statistics
        if self.stage == "done":
            return counted.sent / max(counted.last_acknowledged_s, 1e-3)
        now_s = self._now_s()
        self._samples.append((now_s, counted.sent))
        while len(self._samples) > 1 and self._samples[1][0] <= now_s - RATE_SPAN_S:
            self._samples.popleft()
        began_s, began_sent = self._samples[0]
        return (counted.sent - began_sent) / max(now_s - began_s, 1.0)
