"""Data card of a data set: counts, amounts and hours of each class, as a Markdown page with a picture."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import format_time
from producer.simulation import Block
from producer.simulation.rhythm import VIETNAM_OFFSET_MS

HONEST: Final = "honest"
CLASSES: Final = (HONEST, *FRAUD_TYPES)
HOURS: Final = 24
AMOUNT_EDGES_VND: Final = np.round(np.logspace(3, 12, 181)).astype(np.int64)
"""20 bins for each power of ten, from the smallest amount to the largest: a median is exact to 12 %."""
NOT_REAL: Final = """\
- All parameters are plausible and chosen by hand; none was measured at a bank.
- Honest customers are more alike than real ones: one model of behaviour with random parameters.
- Fraud follows a few patterns that do not change over time; fraudsters do not adapt to detection.
- Labels are complete and correct. A real bank's are partial, late and sometimes wrong.
"""


class DataCard:
    """Aggregates transactions into a data card, in constant memory."""

    def __init__(self) -> None:
        self._amounts = np.zeros((len(CLASSES), len(AMOUNT_EDGES_VND) - 1), dtype=np.int64)
        self._hours = np.zeros((len(CLASSES), HOURS), dtype=np.int64)
        self._first_ms: int | None = None
        self._last_ms = 0

    def add(self, block: Block) -> None:
        """Count the transactions of a block."""
        # The fraud code of honest transactions is -1, and honest is the first class.
        classes = block.rows["fraud"] + 1
        hours = (block.rows["time_ms"] + VIETNAM_OFFSET_MS) % DAY_MS // HOUR_MS
        places = np.clip(
            np.searchsorted(AMOUNT_EDGES_VND, block.rows["amount_vnd"], side="right") - 1,
            0,
            self._amounts.shape[1] - 1,
        )
        np.add.at(self._hours, (classes, hours), 1)
        np.add.at(self._amounts, (classes, places), 1)
        if len(block):
            self._first_ms = int(block.rows["time_ms"][0]) if self._first_ms is None else self._first_ms
            self._last_ms = int(block.rows["time_ms"][-1])

    def markdown(self, name: str, picture: str, seed: int) -> str:
        """Return the page in Markdown; ``picture`` is the file name of the picture beside it."""
        total = int(self._hours.sum())
        began = "-" if self._first_ms is None else format_time(self._first_ms)
        ended = format_time(self._last_ms)
        rows = [self._row(place, total) for place in range(len(CLASSES))]
        return "\n".join(
            [
                f"# {name}",
                "",
                f"{total:,} synthetic transactions of seed {seed}, from {began} to {ended}.",
                "",
                f"![amounts and hours by class]({picture})",
                "",
                "| class | transactions | share | median amount, VND | from 22:00 to 03:59 in Vietnam |",
                "| --- | ---: | ---: | ---: | ---: |",
                *rows,
                "",
                "## Differences from real data",
                "",
                NOT_REAL,
            ]
        )

    def picture(self, path: Path) -> None:
        """Draw the distributions of amounts and of hours; each class has an area of one."""
        # Imported here because the containers that only send do not have matplotlib.
        from matplotlib import rc_context  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "card", "font.family": "sans-serif"}):
            figure = Figure(figsize=(10, 4), layout="constrained")
            by_amount, by_hour = figure.subplots(1, 2)
            for place, name in enumerate(CLASSES):
                if not self._hours[place].sum():
                    continue
                by_amount.stairs(_shares(self._amounts[place]), AMOUNT_EDGES_VND, label=name)
                by_hour.stairs(_shares(self._hours[place]), np.arange(HOURS + 1))
            by_amount.set_xscale("log")
            by_amount.set_xlabel("amount, VND")
            by_hour.set_xlabel("hour in Vietnam")
            by_amount.set_ylabel("share of the class")
            figure.legend(loc="outside lower center", ncols=len(CLASSES), frameon=False)
            figure.savefig(path, metadata={"Date": None})

    def _row(self, place: int, total: int) -> str:
        hours = self._hours[place]
        count = int(hours.sum())
        if not count:
            return f"| {CLASSES[place]} | 0 | - | - | - |"
        off_hours = int(hours[22:].sum() + hours[:4].sum()) / count
        cells = (CLASSES[place], f"{count:,}", f"{count / total:.2%}", f"{self._median_vnd(place):,}")
        return f"| {' | '.join(cells)} | {off_hours:.0%} |"

    def _median_vnd(self, place: int) -> int:
        """Return the lower edge of the bin that contains the median."""
        below = np.cumsum(self._amounts[place])
        return int(AMOUNT_EDGES_VND[np.searchsorted(below, below[-1] / 2)])


def _shares(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = counts / counts.sum()
    return shares
