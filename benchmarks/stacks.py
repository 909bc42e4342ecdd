"""Parser of async-profiler's collapsed stacks, and their aggregation by thread and part of the work.

A line has a thread, its frames from the outermost to the innermost, and the number of such samples::

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
"""Groups of the threads that do the job's work; the other threads support them."""


class Rule(NamedTuple):
    """A name for everything that contains a match of the pattern."""

    name: str
    pattern: re.Pattern[str]


THREADS: Final = (
    Rule(WINDOWS, re.compile(r"^\[Source: lines")),
    Rule(SCORING, re.compile(r"^\[batches")),
    Rule("file reader", re.compile(r"^\[Source Data Fetcher")),
    # The serial collector runs in the VM thread.
    Rule("garbage collector", re.compile(r"^\[(G1 |GC |VM Thread)")),
    Rule("compiler", re.compile(r"^\[C[12] ")),
)
"""Groups of threads; a thread belongs to the first that its name matches."""

PARTS: Final = (
    # Kernel frames are innermost, so a page fault counts here whatever code touched the memory.
    Rule("page faults", re.compile(r"exc_page_fault")),
    Rule("file write", re.compile(r"FileChannelImpl\.write|vfs_write|core/fs/local/|sink/filesystem/")),
    Rule("trees", re.compile(r"xgboost::|libxgboost|XGBoost|XGDMatrix|dmlc::")),
    Rule(
        "hand-over between threads",
        re.compile(r"RecordWriter|SpillingAdaptive|EventSerializer|runtime/io/network/"),
    ),
    # Python's own functions and extensions, the bridge to them, and Flink's operator that uses the bridge.
    Rule("Python", re.compile(r"pemja|libpython|\.cpython-|^_?Py[A-Z]|operators/python/|fnexecution/")),
    # Before the rule for state lookup, because the clean-up passes through state classes. A lookup during a
    # check of the time to live has lookup frames further in and counts as a lookup.
    Rule("state's time to live", re.compile(r"/ttl/|StateIncrementalVisitor|StateEntryIterator")),
    Rule("state lookup", re.compile(r"runtime/state/|kernel/stream/Histories|setCurrentKey|setKeyContext")),
    # The other classes of the record package serve all parts, so their callers' frames decide.
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
    """A stack of a thread and its number of samples."""

    thread: str
    frames: tuple[str, ...]
    """From the outermost to the innermost."""
    samples: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers of samples by thread group and, for each of `TASKS`, by part."""

    threads: Counter[str] = field(default_factory=Counter)
    parts: dict[str, Counter[str]] = field(default_factory=lambda: {task: Counter() for task in TASKS})

    @classmethod
    def of(cls, stacks: Iterable[Stack]) -> "Profile":
        """Aggregate stacks; raises `RunFailedError` if a task thread has no samples."""
        profile = cls()
        for stack in stacks:
            group = thread_group(stack.thread)
            profile.threads[group] += stack.samples
            if group in profile.parts:
                profile.parts[group][part(stack.frames)] += stack.samples
        for task in TASKS:
            if not profile.threads[task]:
                msg = f"no samples of the thread {task!r}; check its name in THREADS"
                raise RunFailedError(msg)
        return profile

    @property
    def busier(self) -> str:
        """The task with more samples, for which the other one waits."""
        return max(TASKS, key=lambda task: self.threads[task])

    @property
    def bottleneck(self) -> str:
        """The largest part of the busier task; `OTHER` only if it has no other part."""
        counts = self.parts[self.busier]
        return max(counts, key=lambda name: (name != OTHER, counts[name]))

    def share_of_part(self, task: str, name: str) -> float:
        """Return a part's share of a task's samples, 0 to 1."""
        return self.parts[task][name] / self.threads[task]

    def share_of_thread(self, group: str) -> float:
        """Return a thread group's share of all samples, 0 to 1."""
        return self.threads[group] / self.threads.total()


def read_stacks(lines: Iterable[str]) -> Iterator[Stack]:
    """Parse collapsed stacks; raises `RunFailedError` for an invalid line."""
    for line in lines:
        stack, _, samples = line.rstrip("\n").rpartition(" ")
        thread, *frames = stack.split(";")
        if not thread or not samples.isdecimal():
            msg = f"not a collapsed stack: {line[:200]!r}"
            raise RunFailedError(msg)
        yield Stack(thread, tuple(frames), int(samples))


def thread_group(thread: str) -> str:
    """Return the group of a thread by its name, including brackets; `OTHER` if no rule matches."""
    return _named(THREADS, thread) or OTHER


def part(frames: Iterable[str]) -> str:
    """Return the part of a stack according to `PARTS`; `OTHER` if no frame matches a rule."""
    innermost_first = reversed(tuple(frames))
    return next((name for frame in innermost_first if (name := _part_of_frame(frame))), OTHER)


@cache
def _part_of_frame(frame: str) -> str | None:
    return _named(PARTS, frame)


def _named(rules: Iterable[Rule], text: str) -> str | None:
    return next((rule.name for rule in rules if rule.pattern.search(text)), None)
