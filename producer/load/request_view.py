"""Terminal view of a load test of an HTTP service, while it runs and at its end."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from producer.load.live_display import numbers_grid, shown_ms
from producer.load.request_statistics import RequestStatistics
from producer.load.send_schedule import SendSchedule

TABLE_ROWS: Final = 8

Counts = Callable[[], Mapping[str, Counter[Any]]]
"""Returns copies of counters by name, which the view shows as tables."""


class RequestView:
    """Renders the statistics; ``now_s`` is the clock of the run, ``counts`` are shown beside them."""

    def __init__(
        self,
        statistics: RequestStatistics,
        schedule: SendSchedule,
        now_s: Callable[[], float],
        counts: Counts,
    ) -> None:
        self.stage = "sending"
        self._statistics = statistics
        self._schedule = schedule
        self._now_s = now_s
        self._counts = counts

    def __rich__(self) -> RenderableType:
        """Return the current picture."""
        with self._statistics.lock:
            numbers = self._numbers()
            counters = {"status": Counter[Any](self._statistics.statuses)}
            if self._statistics.errors:
                counters["no answer"] = Counter[Any](self._statistics.errors)
        tables = Table.grid(padding=(0, 4))
        tables.add_row(*(_table(name, found) for name, found in (counters | dict(self._counts())).items()))
        return Panel(Group(numbers, Text(), tables), title=f"load: {self.stage}", border_style="blue")

    def line(self) -> str:
        """Return the same in one line."""
        with self._statistics.lock:
            counted = self._statistics
            return (
                f"{self.stage}: sent {counted.sent:,}{self._wanted()} ({self._rate_per_s():,.0f}/s), "
                f"latency p50 {shown_ms(counted.latency_ms.percentile_ms(50))}, "
                f"p99 {shown_ms(counted.latency_ms.percentile_ms(99))}, in flight {counted.in_flight:,}, "
                f"refused {counted.statuses.total() - counted.succeeded:,}, no answer {counted.unanswered:,}"
            )

    def _numbers(self) -> Table:
        counted = self._statistics
        latency_ms = counted.latency_ms
        return numbers_grid(
            [
                ("sent", f"{counted.sent:,}{self._wanted()}"),
                ("latency p50", shown_ms(latency_ms.percentile_ms(50))),
                ("in flight", f"{counted.in_flight:,}"),
                ("answered", f"{counted.succeeded:,}"),
                ("latency p90", shown_ms(latency_ms.percentile_ms(90))),
                ("refused", f"{counted.statuses.total() - counted.succeeded:,}"),
                ("rate", f"{self._rate_per_s():,.0f}/s"),
                ("latency p99", shown_ms(latency_ms.percentile_ms(99))),
                ("no answer", f"{counted.unanswered:,}"),
                ("sent late, p99", shown_ms(counted.start_delay_ms.percentile_ms(99))),
                ("latency max", shown_ms(latency_ms.max_ms)),
            ]
        )

    def _wanted(self) -> str:
        return "" if self._schedule.records is None else f" of {self._schedule.records:,}"

    def _rate_per_s(self) -> float:
        counted = self._statistics
        seconds = counted.last_outcome_s if self.stage == "done" else self._now_s()
        return counted.succeeded / max(seconds, 1e-3)


def _table(name: str, found: Counter[Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(name, header_style="dim")
    table.add_column("", justify="right")
    for value, count in found.most_common(TABLE_ROWS):
        table.add_row(str(value), f"{count:,}")
    return table
