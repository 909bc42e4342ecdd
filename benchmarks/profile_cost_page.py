"""Page of what writing profiles costs, with the statistics over the pairs of runs."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from benchmarks.contenders import JobOutput
from benchmarks.machine import describe_machine
from benchmarks.profile_cost_run import RunCost
from benchmarks.result_tables import markdown_table
from benchmarks.transaction_files import ACCOUNTS

MOST_COST: Final = 0.15
"""The promise: writing profiles takes at most this share of the job's highest throughput."""
MEGABYTE: Final = 1_000_000
MS_PER_S: Final = 1_000

TITLE: Final = "# Cost of profiles"
QUESTION: Final = f"""\
By how much does a [profile store](profiles.md) lower the highest throughput of the job? The promise is: by at
most {MOST_COST * 100:.0f} %.
"""
NO_FIGURES: Final = """\
There are no figures yet. On a machine that does nothing else:

    .venv/bin/python -m benchmarks.profile_cost
"""
METHOD: Final = """\
## Method

The job of the [benchmark](bench.md), with a parallelism of 1, reads the same transactions from a file as fast
as it can, in pairs of runs that follow each other: one without a store and one with it. Pairs begin with the
one and with the other alternately. A ratio is the run with the store divided by the run without, so machine
and hour have little influence. Both are measured from 30 % to 95 % of the output: the JVM is warm, and what
the job writes when its input has ended does not count.

CPU-seconds are those of all the job's processes for the same number of transactions; their ratio is a median
too. A server of profiles runs on the same machine and takes processors, which lowers the throughput but is
not in the CPU-seconds. SQLite begins each run with a new file. A server keeps the rows of the pair before, so
after the first pair it updates more than it inserts.

A file is read far faster than real time: the job changes more profiles per second than it may write. So the
[limits](profiles.md#writes-of-the-job) bound the cost, 5 % of a task's time for the flushes and 10 % of the
processors for the writer, and the other profiles wait. What the limits do not bound is the marking of keys,
and the garbage collection of written rows. A job that keeps up with a stream changes fewer profiles, and has
processor time left for them.

| column | meaning |
| --- | --- |
| rows, MB | what the store had accepted at the end of the measurement |
| waiting | changed profiles that were neither stored nor on their way to the store at that time |
| lag | age of the oldest change that the store lacked at that time |
| after the end | from that time to the end of the process: the last 5 %, and the waiting profiles |
"""
SUMMARY_COLUMNS: Final = (
    "store",
    "throughput, with / without",
    "lowest to highest",
    "CPU-seconds, with / without",
    "cost",
    "at most 15 %",
)
PAIR_COLUMNS: Final = (
    "pair",
    "first",
    "tx/s without",
    "tx/s with",
    "throughput",
    "CPU-seconds",
    "rows",
    "MB",
    "waiting",
    "lag, s",
    "after the end, s: without / with",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPair:
    """Two runs that followed each other, and which of them was first."""

    without: RunCost
    with_store: RunCost
    first: Literal["without", "with"]

    @property
    def throughput_ratio(self) -> float:
        """The rate with the store divided by the rate without."""
        return self.with_store.tx_per_s / self.without.tx_per_s

    @property
    def cpu_ratio(self) -> float:
        """The CPU time for a transaction with the store divided by the time without."""
        return self.with_store.cpu_s_per_million / self.without.cpu_s_per_million


@dataclass(slots=True)
class StoreCost:
    """The pairs of a store, at least one, and the rows and bytes that it has after them."""

    name: str
    pairs: list[CostPair]
    stored_rows: int = 0
    stored_bytes: int = 0

    def median(self, value: Callable[[CostPair], float]) -> float:
        """Return the median of a value over the pairs."""
        return statistics.median(map(value, self.pairs))

    @property
    def cost(self) -> float:
        """The share of the throughput that the store takes; less than 0 if there is none but noise."""
        return 1 - self.median(lambda pair: pair.throughput_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPage:
    """The figures of all stores, as a page."""

    stores: Sequence[StoreCost]
    transactions: int
    output: JobOutput
    facts: dict[str, str | int]

    def markdown(self) -> str:
        """Return the page for docs/."""
        figures = self._figures() if self.stores else [NO_FIGURES]
        return "\n".join([TITLE, "", QUESTION, *figures, METHOD])

    def summary(self) -> list[tuple[str, ...]]:
        """Return the rows of the table with a row for each store."""
        return [_summary_row(store) for store in self.stores]

    def _figures(self) -> list[str]:
        size = f"{self.transactions:,} transactions of {ACCOUNTS:,} accounts, {self.output} out"
        lines = [
            f"Written by `python -m benchmarks.profile_cost` on {describe_machine(self.facts)}: {size}.",
            "",
            *markdown_table(SUMMARY_COLUMNS, self.summary()),
            "",
            f"The throughput ratio is the median of {_pairs(self.stores)}.",
            "",
        ]
        for store in self.stores:
            stored = f"{store.stored_rows:,} profiles, {store.stored_bytes / MEGABYTE:,.0f} MB"
            lines += [f"## {store.name}", "", *markdown_table(PAIR_COLUMNS, _pair_rows(store)), ""]
            lines += [f"After the last run the store has {stored}.", ""]
        return lines


def confidence(pairs: int) -> float:
    """Return with which probability the true median is between the lowest and the highest of the pairs.

    It is outside if all pairs are on the same side of it, whatever the distribution.
    """
    return 1 - 2 * 0.5**pairs


def _pairs(stores: Sequence[StoreCost]) -> str:
    fewest = min(len(store.pairs) for store in stores)
    if fewest == 1:
        return "one pair, which says nothing about how much it varies"
    return (
        f"{fewest} pairs; with a probability of {confidence(fewest) * 100:.0f} % the true one is between the "
        "lowest and the highest"
    )


def _summary_row(store: StoreCost) -> tuple[str, ...]:
    ratios = [pair.throughput_ratio for pair in store.pairs]
    return (
        store.name,
        f"{statistics.median(ratios):.3f}",
        f"{min(ratios):.3f} to {max(ratios):.3f}",
        f"{store.median(lambda pair: pair.cpu_ratio):.3f}",
        f"{store.cost * 100:.1f} %",
        "yes" if store.cost <= MOST_COST else "no",
    )


def _pair_rows(store: StoreCost) -> list[tuple[str, ...]]:
    rows = [_pair_row(number, pair) for number, pair in enumerate(store.pairs, 1)]
    medians = (
        f"{store.median(lambda pair: pair.without.tx_per_s):,.0f}",
        f"{store.median(lambda pair: pair.with_store.tx_per_s):,.0f}",
        f"{store.median(lambda pair: pair.throughput_ratio):.3f}",
        f"{store.median(lambda pair: pair.cpu_ratio):.3f}",
    )
    return [*rows, ("median", "", *medians, "", "", "", "", "")]


def _pair_row(number: int, pair: CostPair) -> tuple[str, ...]:
    profiles = pair.with_store.profiles
    written = ("-", "-", "-", "-")
    if profiles is not None:
        written = (
            f"{profiles.rows:,}",
            f"{profiles.bytes / MEGABYTE:,.0f}",
            f"{profiles.marked:,}",
            f"{profiles.lag_ms / MS_PER_S:,.1f}",
        )
    return (
        str(number),
        pair.first,
        f"{pair.without.tx_per_s:,.0f}",
        f"{pair.with_store.tx_per_s:,.0f}",
        f"{pair.throughput_ratio:.3f}",
        f"{pair.cpu_ratio:.3f}",
        *written,
        f"{pair.without.ending_s:.1f} / {pair.with_store.ending_s:.1f}",
    )
