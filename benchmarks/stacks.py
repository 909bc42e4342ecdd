"""Collapsed stacks, as async-profiler writes them, and what they say of the job's threads.

A line is a thread, its frames from the outermost to the innermost, and in how many samples it was so::

    [batches[1] -> PythonCalc[2] (1/1)#0 tid=7];java/lang/Thread.run;sun/nio/ch/FileChannelImpl.write 42
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from benchmarks.errors import RunFailedError

OTHER: Final = "other"
WINDOWS: Final = "windows"
SCORING: Final = "scoring"
TASKS: Final = (WINDOWS, SCORING)
"""The threads that do the job's work; the others serve them."""


class Rule(NamedTuple):
    """A name for all that a pattern is found in."""

    name: str
    pattern: re.Pattern[str]


THREADS: Final = (
    Rule(WINDOWS, re.compile(r"^\[Source: lines")),
    Rule(SCORING, re.compile(r"^\[batches")),
    Rule("file reader", re.compile(r"^\[Source Data Fetcher")),
    # With the serial collector it is the VM thread that collects.
    Rule("garbage collector", re.compile(r"^\[(G1 |GC |VM Thread)")),
    Rule("compiler", re.compile(r"^\[C[12] ")),
)
"""Groups of threads; a thread belongs to the first that its name matches."""

PARTS: Final = (
    # The operating system's frames are the innermost of all: a fault counts here, whoever touched the memory.
    Rule("page faults", re.compile(r"exc_page_fault")),
    Rule("file write", re.compile(r"FileChannelImpl\.write|vfs_write|core/fs/local/|sink/filesystem/")),
    Rule("trees", re.compile(r"xgboost::|libxgboost|XGBoost|XGDMatrix|dmlc::")),
    Rule(
        "hand-over between threads",
        re.compile(r"RecordWriter|SpillingAdaptive|EventSerializer|runtime/io/network/"),
    ),
    # Python's own functions and extensions, the bridge to them, and Flink's operator that uses the bridge.
    Rule("Python", re.compile(r"pemja|libpython|\.cpython-|^_?Py[A-Z]|operators/python/|fnexecution/")),
    # Before the state's own rule, since the clean-up walks through classes of it; a lookup made on the way
    # of a check of the time to live has the lookup's frames further in, and counts there.
    Rule("state's time to live", re.compile(r"/ttl/|StateIncrementalVisitor|StateEntryIterator")),
    Rule("state lookup", re.compile(r"runtime/state/|kernel/stream/Histories|setCurrentKey|setKeyContext")),
    # What else is in the package of records serves all parts: there, the caller's frame decides.
    Rule(
        "parse",
        re.compile(
            r"kernel/record/(TransactionParser|LabelParser|FieldReader|Rfc3339)|kernel/stream/(Gate|ParseLines)"
        ),
    ),
    Rule("window features", re.compile(r"kernel/features/|kernel/stream/(EntityStep|FinishFeatures)")),
    Rule("batch encoding", re.compile(r"kernel/stream/(ScoringBatch|Batcher)")),
    Rule("JSON", re.compile(r"kernel/json/|kernel/stream/(Unbatcher|Lines\b)")),
    Rule(
        "Flink between steps",
        re.compile(
            r"flink/(streaming/runtime/(tasks|io)|streaming/api/operators|table/runtime/operators|connector)/"
            r"|^StreamExecCalc"
        ),
    ),
)
"""Parts of the work of a task. From the innermost frame outwards, the first frame that any rule matches
decides; where several rules match that one frame, the first of them in this order. A sample thus belongs to
exactly one part, and library code without a rule (a hash map, a copy of bytes) to the part that called it."""


class Stack(NamedTuple):
    """Where a thread was, and in how many samples."""

    thread: str
    frames: tuple[str, ...]
    """From the outermost to the innermost."""
    samples: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Samples by group of threads and, for each of `TASKS`, by part."""

    threads: Counter[str] = field(default_factory=Counter)
    parts: dict[str, Counter[str]] = field(default_factory=lambda: {task: Counter() for task in TASKS})

    @classmethod
    def of(cls, stacks: Iterable[Stack]) -> "Profile":
        """Count the samples; raises `RunFailedError` if one of the task threads has none."""
        profile = cls()
        for stack in stacks:
            group = thread_group(stack.thread)
            profile.threads[group] += stack.samples
            if group in profile.parts:
                profile.parts[group][part(stack.frames)] += stack.samples
        for task in TASKS:
            if not profile.threads[task]:
                msg = f"there is no sample of the thread {task!r}: is its name still the one in THREADS?"
                raise RunFailedError(msg)
        return profile

    @property
    def busier(self) -> str:
        """The task with more samples: the one that the other waits for."""
        return max(TASKS, key=lambda task: self.threads[task])

    @property
    def bottleneck(self) -> str:
        """The largest part of the busier task; `OTHER` is none unless there is nothing else."""
        counts = self.parts[self.busier]
        return max(counts, key=lambda name: (name != OTHER, counts[name]))

    def share_of_part(self, task: str, name: str) -> float:
        """Return which share, 0 to 1, of a task's samples a part has."""
        return self.parts[task][name] / self.threads[task]

    def share_of_thread(self, group: str) -> float:
        """Return which share, 0 to 1, of all samples a group of threads has."""
        return self.threads[group] / self.threads.total()


def read_stacks(lines: Iterable[str]) -> Iterator[Stack]:
    """Read collapsed stacks; raises `RunFailedError` on a line that is none."""
    for line in lines:
        stack, _, samples = line.rstrip("\n").rpartition(" ")
        thread, *frames = stack.split(";")
        if not thread or not samples.isdecimal():
            msg = f"this is no collapsed stack: {line[:200]!r}"
            raise RunFailedError(msg)
        yield Stack(thread, tuple(frames), int(samples))


def thread_group(thread: str) -> str:
    """Return the group of a thread by its name, brackets included; `OTHER` if no rule has it."""
    return _named(THREADS, thread) or OTHER


def part(frames: Iterable[str]) -> str:
    """Return the part of the work that a stack belongs to, as `PARTS` says; `OTHER` if no frame has one."""
    innermost_first = reversed(tuple(frames))
    return next((name for frame in innermost_first if (name := _part_of_frame(frame))), OTHER)


@cache
def _part_of_frame(frame: str) -> str | None:
    return _named(PARTS, frame)


def _named(rules: Iterable[Rule], text: str) -> str | None:
    return next((rule.name for rule in rules if rule.pattern.search(text)), None)
