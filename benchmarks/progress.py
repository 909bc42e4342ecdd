"""Rate of a contender from the growth of its output files, measured the same way for all."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.errors import TooFewSamplesError

WARM_UP_SHARE: Final = 0.3
"""Share of the output before the rate is measured: the JVM still compiles, Python workers still start."""


class OutputSample(NamedTuple):
    """Size of the output at a time, in seconds since the start of the contender."""

    at_s: float
    size_bytes: int


class MeasuredSpan(NamedTuple):
    """The samples between which a rate is measured, and their share of the output."""

    begin: OutputSample
    end: OutputSample
    share: float


def rate_per_s(
    samples: Sequence[OutputSample], transactions: int, warm_up_share: float = WARM_UP_SHARE
) -> float:
    """Return the transactions per second between the end of the warm-up and the last byte."""
    begin, end, share = measured_span(samples, warm_up_share)
    return transactions * share / (end.at_s - begin.at_s)


def measured_span(
    samples: Sequence[OutputSample], begin_share: float = WARM_UP_SHARE, end_share: float = 1.0
) -> MeasuredSpan:
    """Return the span in which the output grows from one share of its bytes to another.

    Lines have about the same length, so the share of bytes is taken as the share of transactions. Both ends
    are samples at which output had just grown, so that a contender that writes in bursts is measured fairly:

        bytes |                         ....... last growth
              |                    ____|
              |         __________|
              |    ____|<- first sample past the warm-up
              |___|_________________________ time
    """
    total = max((sample.size_bytes for sample in samples), default=0)
    end = next((sample for sample in samples if sample.size_bytes >= end_share * total), None)
    begin = next((sample for sample in samples if sample.size_bytes >= begin_share * total), None)
    if begin is None or end is None or begin.at_s >= end.at_s:
        msg = "the run ended before its rate could be measured; give more --transactions"
        raise TooFewSamplesError(msg)
    return MeasuredSpan(begin, end, (end.size_bytes - begin.size_bytes) / total)


def startup_s(samples: Sequence[OutputSample]) -> float:
    """Return the seconds from the start of the process to its first output."""
    first = next((sample.at_s for sample in samples if sample.size_bytes > 0), None)
    if first is None:
        msg = "the run wrote no output"
        raise TooFewSamplesError(msg)
    return first


@dataclass(slots=True)
class OutputWatch:
    """Samples the total size of the part files in a folder."""

    folder: Path
    samples: list[OutputSample] = field(default_factory=list)
    _began_s: float = field(default_factory=time.monotonic)

    def look(self) -> OutputSample:
        """Take a sample and return it."""
        sample = OutputSample(time.monotonic() - self._began_s, _parts_size_bytes(self.folder))
        self.samples.append(sample)
        return sample


def part_files(folder: Path) -> list[Path]:
    """Return the engines' output files: ``part-…``, ``part_…``, and Flink's hidden files in progress."""
    return [
        Path(root) / name
        for root, _, names in os.walk(folder)
        for name in names
        if name.lstrip(".").startswith("part")
    ]


def _parts_size_bytes(folder: Path) -> int:
    total = 0
    for path in part_files(folder):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            # The file was renamed after it was listed; the next sample finds it under its new name.
            continue
    return total
