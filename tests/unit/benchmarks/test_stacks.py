"""Stacks: each sample counts once, for its thread and for the innermost frame with a rule."""

import pytest

from benchmarks.errors import RunFailedError
from benchmarks.stacks import PARTS, Profile, Stack, part, read_stacks, thread_group

WINDOWS = "[Source: lines -> parse -> account_id windows -> batch (1/1)#0 tid=11]"
SCORING = "[batches[1] -> PythonCalc[2] -> verdicts -> end: Writer (1/1)#0 tid=12]"
STEP = "fraudstream/kernel/stream/EntityStep.processElement"
CHAIN = "org/apache/flink/streaming/runtime/tasks/ChainingOutput.collect"
VALUE = "org/apache/flink/runtime/state/ttl/TtlValueState.value"
CHECK = "org/apache/flink/runtime/state/ttl/AbstractTtlDecorator.getWithTtlCheckAndUpdate"
CLEANUP = "org/apache/flink/runtime/state/ttl/TtlIncrementalCleanup.runCleanup"
MAP_GET = "org/apache/flink/runtime/state/heap/CopyOnWriteStateMap.get"
MAP_VISIT = "org/apache/flink/runtime/state/heap/CopyOnWriteStateMap$StateIncrementalVisitorImpl.nextEntries"
STATE_VALUE = "org/apache/flink/runtime/state/heap/HeapValueState.value"
KERNEL = "fraudstream/kernel"
UNBATCHER = "fraudstream/kernel/stream/Unbatcher.write"
WRITE = "sun/nio/ch/FileChannelImpl.write"
FAULT = "exc_page_fault_[k]"
CALL_PYTHON = "pemja/core/PythonInterpreter.invokeMethod"

COLLAPSED = f"""\
{WINDOWS};java/lang/Thread.run;{STEP};fraudstream/kernel/features/Moments.add;java/lang/Double.isNaN 30
{WINDOWS};java/lang/Thread.run;{STEP};{VALUE};{MAP_GET} 20
{WINDOWS};java/lang/Thread.run 5
{SCORING};java/lang/Thread.run;{CALL_PYTHON};_PyEval_EvalFrameDefault 40
{SCORING};java/lang/Thread.run;{WRITE};vfs_write_[k] 30
[GC Thread#0 tid=5];G1EvacuateRegions;[vdso] 15
[C2 CompilerThre tid=6] 10
"""


def profile(text: str = COLLAPSED) -> Profile:
    return Profile.of(read_stacks(text.splitlines(keepends=True)))


def test_a_line_is_a_thread_its_frames_and_a_count() -> None:
    # A C++ signature contains blanks; the count follows the last one.
    assert list(read_stacks(["[main tid=1];a.b;void c<false, 5>::d 17\n", "[idle tid=2] 3\n"])) == [
        Stack("[main tid=1]", ("a.b", "void c<false, 5>::d"), 17),
        Stack("[idle tid=2]", (), 3),
    ]


@pytest.mark.parametrize("line", ["", "\n", "12", "[main];a.b", "[main];a.b -3", "[main];a.b many"])
def test_an_invalid_stack_is_rejected(line: str) -> None:
    with pytest.raises(RunFailedError, match="not a collapsed stack"):
        list(read_stacks([line]))


@pytest.mark.parametrize(
    ("thread", "group"),
    [
        (WINDOWS, "windows"),
        (SCORING, "scoring"),
        ("[Source Data Fetcher for Source: lines -> parse (1/1)#0 tid=3]", "file reader"),
        ("[OutputFlusher for Source: lines -> parse (1/1)#0 tid=3]", "other"),
        ("[GC Thread#1 tid=4]", "garbage collector"),
        ("[G1 Refine#0 tid=5]", "garbage collector"),
        ("[VM Thread tid=6]", "garbage collector"),
        ("[C1 CompilerThre tid=7]", "compiler"),
        ("[C2 CompilerThre tid=8]", "compiler"),
        ("[flink-metrics-scheduler-1 tid=9]", "other"),
    ],
)
def test_a_thread_is_grouped_by_its_name(thread: str, group: str) -> None:
    assert thread_group(thread) == group


@pytest.mark.parametrize(
    ("frames", "name"),
    [
        ([STEP, f"{KERNEL}/record/TransactionParser.parse", "java/lang/String.isBlank"], "parse"),
        ([f"{KERNEL}/stream/Gate.transaction"], "parse"),
        ([STEP, f"{KERNEL}/features/Panes.add", f"{KERNEL}/record/Event.at"], "window features"),
        ([STEP, VALUE, CHECK, STATE_VALUE, MAP_GET], "state lookup"),
        ([STEP, VALUE, CHECK], "state's time to live"),
        ([STEP, VALUE, CLEANUP, MAP_VISIT, "java/util/ArrayList.add"], "state's time to live"),
        ([f"{KERNEL}/stream/Batcher.flush"], "batch encoding"),
        ([UNBATCHER, f"{KERNEL}/stream/ScoringBatch.verdict"], "batch encoding"),
        ([UNBATCHER, f"{KERNEL}/json/JsonLine.number"], "JSON"),
        ([UNBATCHER, "java/util/HashMap.get"], "JSON"),
        (
            [STEP, "org/apache/flink/streaming/runtime/io/RecordWriterOutput.collect"],
            "hand-over between threads",
        ),
        ([f"{KERNEL}/stream/EventSerializer.copy"], "hand-over between threads"),
        ([CALL_PYTHON, "[unknown]", "tuple_alloc"], "Python"),
        (["[unknown]", "_PyObject_Malloc"], "Python"),
        (["/opt/site-packages/orjson/orjson.cpython-311-x86_64-linux-gnu.so"], "Python"),
        ([CALL_PYTHON, "void xgboost::predictor::Predict<true, 5>", "__memcpy_avx512"], "trees"),
        ([UNBATCHER, WRITE, "vfs_write_[k]", "copy_folio_from_iter_atomic_[k]"], "file write"),
        ([CALL_PYTHON, "asm_exc_page_fault_[k]", FAULT, "clear_page_erms_[k]"], "page faults"),
        ([STEP, CHAIN], "Flink between steps"),
        (["java/lang/Thread.run", "Parker::park"], "other"),
        ([], "other"),
    ],
)
def test_the_innermost_frame_with_a_rule_decides(frames: list[str], name: str) -> None:
    assert part(frames) == name


def test_the_first_of_two_matching_rules_decides() -> None:
    matching = [rule.name for rule in PARTS if rule.pattern.search(MAP_VISIT)]
    assert matching == ["state's time to live", "state lookup"]
    assert part([MAP_VISIT]) == matching[0]


def test_every_sample_counts_for_one_thread_and_one_part() -> None:
    counted = profile()
    assert counted.threads == {"windows": 55, "scoring": 70, "garbage collector": 15, "compiler": 10}
    assert counted.parts == {
        "windows": {"window features": 30, "state lookup": 20, "other": 5},
        "scoring": {"Python": 40, "file write": 30},
    }


def test_shares_are_of_all_threads_and_of_one() -> None:
    counted = profile()
    assert counted.share_of_thread("garbage collector") == 15 / 150
    assert counted.share_of_part("scoring", "file write") == 30 / 70
    assert counted.share_of_part("scoring", "parse") == 0


def test_the_bottleneck_is_the_largest_part_of_the_busiest_thread() -> None:
    assert (profile().busier, profile().bottleneck) == ("scoring", "Python")
    busy_windows = profile(COLLAPSED + f"{WINDOWS};{STEP};{VALUE};{MAP_GET} 16\n")
    assert (busy_windows.busier, busy_windows.bottleneck) == ("windows", "state lookup")


def test_unclassified_samples_are_not_a_bottleneck_if_another_part_is() -> None:
    assert profile(COLLAPSED + f"{SCORING};java/lang/Thread.run 500\n").bottleneck == "Python"


@pytest.mark.parametrize("name", ["windows", "scoring"])
def test_a_task_without_samples_is_an_error_and_not_zero(name: str) -> None:
    begin = {"windows": "[Source: lines", "scoring": "[batches"}[name]
    lines = [line for line in COLLAPSED.splitlines() if not line.startswith(begin)]
    with pytest.raises(RunFailedError, match=f"no samples of the thread '{name}'"):
        profile("\n".join(lines))
