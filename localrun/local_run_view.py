"""Terminal view of a local run: figures, and alerts as they arrive."""

import time
from typing import Any, Final

from rich.console import Group, JustifyMethod, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alerts.lines import RISK_STYLES, account_of, amount_of, type_of
from fraudstream.domain.alert import Alert
from fraudstream.runtime.terminal import printable
from localrun.tally import Tally
from producer.sending_statistics import Statistics

_ALERT_COLUMNS: Final = {
    "latest alerts": 13,
    "account": 13,
    "amount": 17,
    "score": 5,
    "likely type": 16,
    "flags": 0,
}
"""Minimum width of each column, so that a narrow terminal truncates only the flags."""
RATE_SPAN_S: Final = 5.0
"""Length of the period over which throughput is shown."""


class LocalRunView:
    """Renders a tally; rich's ``Live`` calls `__rich__` for the current state."""

    def __init__(self, tally: Tally, statistics: Statistics, wanted: int) -> None:
        self.stage = "starting"
        self._tally = tally
        self._statistics = statistics
        self._wanted = wanted
        self._samples: list[tuple[float, int]] = []

    def __rich__(self) -> RenderableType:
        """Return the current view."""
        summary = self._tally.summary()
        with self._tally.lock:
            alerts = list(self._tally.latest)
        return Panel(
            Group(self._numbers(summary), Text(), _by_type(summary), Text(), _alerts(alerts)),
            title=f"fraudstream: {self.stage}",
            border_style="blue",
        )

    def line(self) -> str:
        """Return the main figures in one line, for output that is not a terminal."""
        numbers = self._tally.summary()
        return (
            f"{self.stage}: sent {numbers['sent']:,}, scored {numbers['scored']:,} "
            f"({self._rate(numbers['scored']):,.0f} tx/s), "
            f"alerts {numbers['alerts']:,}, dead letters {numbers['dead_letters']:,}"
        )

    def _numbers(self, summary: dict[str, Any]) -> Table:
        latency = summary["latency_ms"]
        grid = Table.grid(padding=(0, 3))
        for _ in range(3):
            grid.add_column(style="dim")
            grid.add_column(justify="right", style="bold")
        rows = [
            ("sent", f"{summary['sent']:,} of {self._wanted:,}"),
            ("alerts", f"{summary['alerts']:,}"),
            ("latency p50", _text(latency["p50"], " ms")),
            ("scored", f"{summary['scored']:,}"),
            ("dead letters", f"{summary['dead_letters']:,}"),
            ("latency p99", _text(latency["p99"], " ms")),
            ("throughput", f"{self._rate(summary['scored']):,.0f} tx/s"),
            ("duplicates", f"{summary['duplicates']:,}"),
            ("precision", _text(summary["precision"])),
            ("send failures", f"{self._statistics.all_failed:,}"),
            ("in flight", f"{summary['lost']:,}"),
            ("recall", _text(summary["recall"])),
        ]
        for first in range(0, len(rows), 3):
            grid.add_row(*(cell for pair in rows[first : first + 3] for cell in pair))
        return grid

    def _rate(self, scored: int) -> float:
        """Return the throughput over `RATE_SPAN_S`; once sending is over, that at its end."""
        if self.stage == "sending":
            self._samples.append((time.monotonic(), scored))
        if not self._samples:
            return 0.0
        ended_s, ended_scored = self._samples[-1]
        while len(self._samples) > 1 and self._samples[1][0] <= ended_s - RATE_SPAN_S:
            self._samples.pop(0)
        began_s, began_scored = self._samples[0]
        return (ended_scored - began_scored) / max(ended_s - began_s, 1.0)


def _by_type(summary: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("fraud type", "sent", "alerts", "recall"):
        table.add_column(name, justify="left" if name == "fraud type" else "right", header_style="dim")
    for name, numbers in summary["by_fraud_type"].items():
        table.add_row(name, f"{numbers['sent']:,}", f"{numbers['alerts']:,}", _text(numbers["recall"]))
    return table


def _alerts(alerts: list[Alert]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for name, width in _ALERT_COLUMNS.items():
        justify: JustifyMethod = "right" if name in ("amount", "score") else "left"
        table.add_column(name, justify=justify, header_style="dim", no_wrap=True, min_width=width)
    for alert in alerts:
        table.add_row(
            Text(f" {alert.risk_level.upper()} ", RISK_STYLES[alert.risk_level]),
            Text(printable(account_of(alert)), "cyan"),
            amount_of(alert),
            "-" if alert.score is None else f"{alert.score:.3f}",
            Text(printable(type_of(alert)), "magenta"),
            Text(
                printable(" ".join(flag.removesuffix("_flag") for flag in alert.flags)),
                overflow="ellipsis",
                no_wrap=True,
            ),
        )
    return table


def _text(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:,}{unit}"
