"""``python -m producer.simulation.speed [count] [accounts]``: transactions per second, with JSON bytes."""

import resource
import sys
import time
from typing import Final

from producer.simulation.options import TrafficOptions
from producer.simulation.traffic import blocks

COUNT: Final = 1_000_000
ACCOUNTS: Final = 20_000
START_MS: Final = 1_767_200_400_000
"""2026-01-01, 00:00 in Vietnam."""


def measure(count: int, accounts: int) -> str:
    """Make at least ``count`` transactions and their labels as bytes; returns how long each step took."""
    spent_s = {"simulation": 0.0, "records": 0.0, "labels": 0.0}
    made = made_bytes = 0
    traffic = blocks(TrafficOptions(accounts=accounts, start_ms=START_MS))
    while made < count:
        marks = [time.process_time()]
        block = next(traffic)
        marks.append(time.process_time())
        made_bytes += sum(map(len, block.records()))
        marks.append(time.process_time())
        made += len(block.labels())
        marks.append(time.process_time())
        for name, begin, end in zip(spent_s, marks, marks[1:], strict=False):
            spent_s[name] += end - begin
    without_labels_s = spent_s["simulation"] + spent_s["records"]
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    steps = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in spent_s.items())
    return (
        f"{made:,} transactions of {accounts:,} accounts, {made_bytes / made:.0f} bytes each: "
        f"{made / without_labels_s:,.0f}/s of CPU time ({steps}); peak memory {memory_mb} MB"
    )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.stdout.write(measure(*(numbers + [COUNT, ACCOUNTS][len(numbers) :])) + "\n")
