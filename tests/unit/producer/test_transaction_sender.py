import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from fraudstream.domain.transaction import Label, Transaction
from fraudstream.runtime.clock import Clock
from fraudstream.streams.protocols import FailedRecord, PutResult, Record
from fraudstream.streams.stream_errors import StreamError
from producer.broken import BROKEN_KINDS
from producer.mixing import DUPLICATE_AFTER, Mixture, RecordItem, labelled_items, mix, mix_items
from producer.simulation import LabelledTransaction
from producer.transaction_sender import MAX_AHEAD_MS, EventPace, OnSent, TransactionSender

if TYPE_CHECKING:
    from fraudstream.streams.kinesis.kinesis_writer import StreamWriter

NOW_MS = 1_767_312_000_000
DEFAULT_BATCH_SIZE = 10


def transactions(fraud_every: int = 10, step_ms: int = 1_000) -> Iterator[LabelledTransaction]:
    for n in count():
        is_fraud = n % fraud_every == 0
        times = {"event_time_ms": NOW_MS + n * step_ms}
        name = {"transaction_id": f"T{n}", "account_id": f"A{n % 7}"}
        yield LabelledTransaction(
            Transaction(**name, **times, transaction_amount_vnd=1.0),  # type: ignore[arg-type]
            Label(**name, **times, available_at_ms=times["event_time_ms"], is_fraud=is_fraud),  # type: ignore[arg-type]
        )


def items(
    good: int | None,
    broken: int = 0,
    duplicates: int = 0,
    source: Iterator[LabelledTransaction] | None = None,
) -> Iterator[RecordItem]:
    mixture = Mixture(good=good, broken=broken, duplicates=duplicates)
    return mix(source or transactions(), mixture, Random(1), lambda: NOW_MS)


@dataclass
class FakeTime:
    """A clock advanced by sleeping, and by sending if ``put_takes_s`` is set."""

    now_s: float = 50.0
    put_takes_s: float = 0.0

    @property
    def clock(self) -> Clock:
        """Return the sender's clock."""
        return Clock(
            now_ms=lambda: NOW_MS + round(self.now_s * 1000), monotonic_s=lambda: self.now_s, sleep=self.sleep
        )

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now_s += seconds


@dataclass
class FakeWriter:
    """Records its batches; rejects the records whose number (from 0, over all) is in ``refused``."""

    time: FakeTime = field(default_factory=FakeTime)
    refused: frozenset[int] = frozenset()
    error: StreamError | None = None
    batches: list[list[Record]] = field(default_factory=list)
    began_s: list[float] = field(default_factory=list)

    def put(self, records: Sequence[Record]) -> PutResult:
        """Accept a batch."""
        self.began_s.append(self.time.now_s)
        self.time.now_s += self.time.put_takes_s
        if self.error:
            raise self.error
        first = sum(map(len, self.batches))
        self.batches.append(list(records))
        failures = [
            FailedRecord(n, r, "Code", "no") for n, r in enumerate(records) if first + n in self.refused
        ]
        sent = len(records) - len(failures)
        return PutResult(sent=sent, retries=1, shards=Counter(shard=sent), failures=failures)


@dataclass
class Run:
    """A sender with its fakes."""

    time: FakeTime = field(default_factory=FakeTime)
    refused: frozenset[int] = frozenset()
    refused_labels: frozenset[int] = frozenset()
    interval_s: float = 1.0
    batch_size: int = DEFAULT_BATCH_SIZE
    max_batches: int | None = None
    max_ahead_ms: int | None = MAX_AHEAD_MS
    event_pace: EventPace | None = None

    def __post_init__(self) -> None:
        """Create the writers."""
        self.transactions = FakeWriter(self.time, self.refused)
        self.labels = FakeWriter(FakeTime(), self.refused_labels)
        self.sent: list[tuple[list[str], int]] = []
        self.stop = threading.Event()

    def sender(
        self, source: Iterator[RecordItem], *, with_labels: bool = True, on_sent: OnSent | None = None
    ) -> TransactionSender:
        """Return a sender connected to the fakes."""
        return TransactionSender(
            source,
            cast("StreamWriter", self.transactions),
            cast("StreamWriter", self.labels) if with_labels else None,
            batch_size=self.batch_size,
            interval_s=self.interval_s,
            max_batches=self.max_batches,
            max_ahead_ms=self.max_ahead_ms,
            event_pace=self.event_pace,
            on_sent=on_sent or self.on_sent,
            clock=self.time.clock,
        )

    def on_sent(self, batch: Sequence[LabelledTransaction], put_at_ms: int) -> None:
        """Record the callback."""
        self.sent.append(([labelled.transaction.transaction_id for labelled in batch], put_at_ms))


def test_a_batch_is_announced_before_its_labels_are_sent() -> None:
    """Otherwise, an alert could arrive before its transaction is known."""
    run = Run()
    labels_sent: list[int] = []
    sender = run.sender(items(1), on_sent=lambda *_batch: labels_sent.append(len(run.labels.began_s)))
    sender.run(run.stop)
    assert labels_sent == [0]
    assert len(run.labels.began_s) == 1


def test_batches_follow_the_schedule_independently_of_the_sending_time() -> None:
    run = Run(FakeTime(put_takes_s=0.7))
    run.sender(items(40)).run(run.stop)
    assert run.transactions.began_s == pytest.approx([50, 51, 52, 53])


def test_after_a_slow_put_batches_follow_without_pause_until_the_schedule_is_met() -> None:
    run = Run(FakeTime(put_takes_s=2.5))
    run.sender(items(40)).run(run.stop)
    assert run.transactions.began_s == pytest.approx([50, 52.5, 55, 57.5])


def test_labels_follow_on_their_own_stream_with_the_account_as_key() -> None:
    run = Run()
    statistics = run.sender(items(25)).run(run.stop)
    (first, *_), *_ = run.labels.batches
    assert Label.from_json(first.data).transaction_id == "T0"
    assert first.partition_key == "A0"
    assert [len(batch) for batch in run.labels.batches] == [10, 10, 5]
    assert (statistics.sent_labels, statistics.fraud) == (25, 3)
    assert all(b"is_fraud" not in record.data for batch in run.transactions.batches for record in batch)


def test_without_a_label_writer_no_labels_are_sent() -> None:
    run = Run()
    statistics = run.sender(items(25), with_labels=False).run(run.stop)
    assert (statistics.sent_good, statistics.sent_labels) == (25, 0)


def test_broken_and_duplicate_records_are_counted_separately_and_have_no_label() -> None:
    run = Run()
    statistics = run.sender(items(100, broken=10, duplicates=20)).run(run.stop)
    assert (statistics.sent_good, statistics.sent_broken, statistics.sent_duplicates) == (100, 10, 20)
    assert statistics.sent_labels == 100
    assert statistics.shards == {"shard": 130}
    assert sum(len(ids) for ids, _ in run.sent) == 100


def test_the_callback_gets_the_accepted_records_and_the_time_before_the_put() -> None:
    run = Run(FakeTime(put_takes_s=0.5), refused=frozenset({1}))
    run.sender(items(12)).run(run.stop)
    ids, put_at_ms = run.sent[0]
    assert ids == [f"T{n}" for n in range(10) if n != 1]
    assert put_at_ms == NOW_MS + 50_000
    assert run.sent[1] == (["T10", "T11"], NOW_MS + 51_000)


def test_failed_records_are_counted_and_get_no_label() -> None:
    run = Run(refused=frozenset({0, 3}), refused_labels=frozenset({1}))
    statistics = run.sender(items(20)).run(run.stop)
    assert (statistics.sent_good, statistics.failed) == (18, 2)
    assert (statistics.sent_labels, statistics.failed_labels) == (17, 1)
    assert (statistics.complete_batches, statistics.batches) == (1, 2)
    assert statistics.error_codes == {"Code": 3}
    assert statistics.all_failed == 3


def test_an_unusable_stream_ends_the_run_and_its_batch_counts_as_failed() -> None:
    run = Run()
    run.transactions.error = StreamError("gone")
    sender = run.sender(items(20))
    with pytest.raises(StreamError, match="gone"):
        sender.run(run.stop)
    assert sender.statistics.failed == 10


@pytest.mark.parametrize(("fraud_every", "warned_batches"), [(10, 0), (4, 0), (3, 4), (1, 10)])
def test_a_batch_with_more_than_thirty_percent_fraud_gives_a_warning(
    fraud_every: int, warned_batches: int
) -> None:
    run = Run()
    source = transactions(fraud_every)
    statistics = run.sender(items(100, source=source)).run(run.stop)
    assert statistics.high_fraud_batches == warned_batches
    assert len(statistics.warnings) == min(warned_batches, 5)


def test_the_run_ends_after_the_maximum_number_of_batches() -> None:
    run = Run(max_batches=3)
    assert run.sender(items(None)).run(run.stop).sent_good == 30


def test_a_stop_ends_the_run_at_once_without_a_partial_batch() -> None:
    run = Run(interval_s=1_000.0)
    stop_at_s = 1_300.0
    real_sleep = run.time.sleep

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        if run.time.now_s >= stop_at_s:
            run.stop.set()

    run.time.sleep = sleep  # type: ignore[method-assign]
    statistics = run.sender(items(None)).run(run.stop)
    assert (statistics.sent_good, statistics.sent_labels) == (20, 20)
    assert run.time.now_s == pytest.approx(stop_at_s, abs=0.2)


def test_event_time_waits_for_the_clock_at_the_maximum_lead() -> None:
    run = Run(interval_s=0.0, batch_size=1, max_batches=3)
    run.time.now_s = 0.0
    hours_4 = 4 * 3_600_000
    statistics = run.sender(items(None, source=transactions(step_ms=hours_4))).run(run.stop)
    waited_s = (2 * hours_4 - MAX_AHEAD_MS) / 1000
    assert run.transactions.began_s == pytest.approx([0, 0, waited_s])
    assert statistics.waits_for_clock == 1


def test_event_times_of_another_source_do_not_wait_for_the_clock() -> None:
    run = Run(interval_s=0.0, batch_size=1, max_batches=3, max_ahead_ms=None)
    statistics = run.sender(items(None, source=transactions(step_ms=10 * MAX_AHEAD_MS))).run(run.stop)
    assert run.transactions.began_s == [50, 50, 50]
    assert statistics.waits_for_clock == 0


def test_by_event_time_each_transaction_is_sent_at_its_time() -> None:
    run = Run(event_pace=EventPace(start_ms=NOW_MS - 10_000, speedup=4.0))
    statistics = run.sender(items(5, source=transactions(step_ms=2_000))).run(run.stop)
    assert run.transactions.began_s == pytest.approx([52.5, 53.0, 53.5, 54.0, 54.5])
    assert [len(batch) for batch in run.transactions.batches] == [1] * 5
    assert statistics.sent_labels == 5


def test_by_event_time_the_lead_is_not_limited() -> None:
    run = Run(event_pace=EventPace(start_ms=NOW_MS, speedup=36_000.0))
    statistics = run.sender(items(3, source=transactions(step_ms=2 * MAX_AHEAD_MS))).run(run.stop)
    assert run.transactions.began_s == pytest.approx([50, 51.2, 52.4])
    assert statistics.waits_for_clock == 0


def test_by_event_time_a_slow_put_is_followed_by_full_batches_until_the_schedule_is_met() -> None:
    run = Run(FakeTime(put_takes_s=25.0), event_pace=EventPace(start_ms=NOW_MS, speedup=1.0))
    run.sender(items(40)).run(run.stop)
    sizes = [len(batch) for batch in run.transactions.batches]
    # Due every second: 0 at once, then those of the 25 s that the first put took, ten at a time.
    assert sizes == [1, 10, 10, 10, 9]
    assert run.transactions.began_s == pytest.approx([50, 75, 100, 125, 150])


def test_by_event_time_a_broken_record_is_sent_with_the_previous_one() -> None:
    run = Run(event_pace=EventPace(start_ms=NOW_MS, speedup=1.0))
    run.sender(items(4, broken=2)).run(run.stop)
    assert [len(batch) for batch in run.transactions.batches] == [1, 2, 1, 2]
    assert run.transactions.began_s == pytest.approx([50, 51, 52, 53])


def test_by_event_time_a_stop_ends_the_wait_without_sending_the_next_record() -> None:
    run = Run(event_pace=EventPace(start_ms=NOW_MS, speedup=0.001))
    real_sleep = run.time.sleep

    def sleep(seconds: float) -> None:
        real_sleep(seconds)
        if run.time.now_s >= 1_300.0:
            run.stop.set()

    run.time.sleep = sleep  # type: ignore[method-assign]
    assert run.sender(items(None)).run(run.stop).sent_good == 2
    assert run.time.now_s == pytest.approx(1_300.0, abs=0.2)


def test_transactions_without_labels_are_sent_and_counted() -> None:
    run = Run()
    untold = (item._replace(labelled=None) for item in items(25))
    statistics = run.sender(untold).run(run.stop)
    assert (statistics.sent_good, statistics.sent_labels) == (25, 0)
    assert (run.sent, run.labels.batches) == ([], [])
    cells = dict(zip(*(column.cells for column in statistics.table().columns), strict=True))
    assert (cells["transactions"], cells["fraud"]) == ("25", "unknown: no labels")


def test_the_table_shows_the_volume_the_fraud_and_the_shards() -> None:
    run = Run()
    table = run.sender(items(100, source=transactions(1))).run(run.stop).table()
    cells = dict(zip(table.columns[0].cells, table.columns[1].cells, strict=True))
    assert cells["transactions"] == "100"
    assert cells["fraud"] == "100 (100.0%)"
    assert cells["shard"] == "100 (100.0%)"
    assert cells["[yellow]high fraud[/yellow]"] == "batch 10: 10 of 10 are fraud (100%)"


@pytest.mark.parametrize(
    ("good", "broken", "duplicates"),
    [(1, 0, 0), (1, 3, 1), (100, 7, 0), (100, 0, 100), (50, 200, 13), (10, 1, 1)],
)
def test_a_mix_has_exactly_the_requested_counts(good: int, broken: int, duplicates: int) -> None:
    kinds = Counter(item.kind for item in items(good, broken, duplicates))
    assert kinds == Counter(good=good, broken=broken, duplicate=duplicates)


def test_broken_records_are_spread_evenly_over_every_kind() -> None:
    mixed = list(items(100, broken=10))
    assert [place for place, item in enumerate(mixed) if item.kind == "broken"] == list(range(10, 110, 11))
    first_round = [item for item in mixed if item.kind == "broken"][: len(BROKEN_KINDS)]
    assert len({item.record.partition_key for item in first_round}) == len(BROKEN_KINDS)


def test_a_duplicate_is_the_same_record_some_time_later() -> None:
    mixed = list(items(100, duplicates=2))
    doubles = [item.record for item in mixed if item.kind == "duplicate"]
    places = [[place for place, item in enumerate(mixed) if item.record == double] for double in doubles]
    assert places == [[49, 49 + DUPLICATE_AFTER + 1], [100, 101]]


def test_duplicates_still_follow_after_the_valid_records_end() -> None:
    source = labelled_items(islice(transactions(), 30))
    mixed = list(mix_items(source, Mixture(good=100, broken=10, duplicates=20), Random(1), lambda: NOW_MS))
    assert Counter(item.kind for item in mixed) == Counter(good=30, broken=3, duplicate=6)


def test_an_endless_run_accepts_neither_broken_nor_duplicate_records() -> None:
    with pytest.raises(ValueError, match="need a limit"):
        Mixture(broken=1)
    assert len(list(islice(items(None), 1_000))) == 1_000


def test_more_duplicates_than_transactions_are_rejected() -> None:
    with pytest.raises(ValueError, match="--duplicates 3 exceeds the 2 valid transactions"):
        Mixture(good=2, duplicates=3)
