"""Lines of a running producer: a batch, the totals, the rate, and an alert for a batch with much fraud."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, cast

import pytest

from producer.batch_lines import BatchLines
from producer.mixing import RecordItem
from producer.sending_statistics import BatchOutcome, Statistics
from producer.transaction_sender import TransactionSender
from tests.unit.producer.test_transaction_sender import FakeTime, FakeWriter, Run, items, transactions

if TYPE_CHECKING:
    from fraudstream.streams.protocols import RecordWriter


def lines_of(source: Iterator[RecordItem], refused: frozenset[int] = frozenset()) -> list[str]:
    """Return the lines of a run with batches of 10, one each second of the fake clock."""
    written: list[str] = []
    time = FakeTime()
    statistics = Statistics()
    sender = TransactionSender(
        source,
        cast("RecordWriter", FakeWriter(time, refused)),
        None,
        batch_size=10,
        interval_s=1.0,
        statistics=statistics,
        on_batch=BatchLines(statistics, written.append, time.clock).on_batch,
        clock=time.clock,
    )
    sender.run(Run().stop)
    return written


def suspected(count: int, every: int) -> Iterator[RecordItem]:
    return (
        item._replace(labelled=None, is_suspected=number % every == 0)
        for number, item in enumerate(islice(items(None), count))
    )


def test_each_batch_has_a_line_with_its_result_the_totals_and_the_rate() -> None:
    assert lines_of(items(20, source=transactions(10)), refused=frozenset({13})) == [
        "batch 1: 10/10 sent, 1 fraud | total 10 transactions, 1 fraud (10.0%)",
        "batch 2: 9/10 sent, 1 fraud | total 19 transactions, 2 fraud (10.5%), 19.0/s",
    ]


def test_a_batch_above_thirty_percent_fraud_has_an_alert_line_right_after_its_own() -> None:
    lines = lines_of(items(20, source=transactions(3)))
    assert [line.split(":")[0] for line in lines] == ["batch 1", "HIGH FRAUD ALERT", "batch 2"]
    assert lines[1] == "HIGH FRAUD ALERT: 4 of 10 transactions of batch 1 are fraud (40%)"


def test_exactly_thirty_percent_fraud_is_no_alert() -> None:
    assert not BatchOutcome(1, 10, 10, 10, 3).is_high
    assert BatchOutcome(1, 10, 10, 10, 4).is_high
    assert not BatchOutcome(1, 10, 0, 0, 0).is_high


def test_without_labels_the_lines_say_suspected() -> None:
    lines = lines_of(suspected(10, every=2))
    assert lines[0].startswith(
        "batch 1: 10/10 sent, 5 suspected | total 10 transactions, 5 suspected (50.0%)"
    )
    assert lines[1] == "HIGH FRAUD ALERT: 5 of 10 transactions of batch 1 are suspected fraud (50%)"


def test_transactions_that_nobody_judged_have_no_share() -> None:
    unjudged = (item._replace(labelled=None) for item in items(10))
    (line,) = lines_of(unjudged)
    assert line.startswith("batch 1: 10/10 sent | total 10 transactions")
    assert "fraud" not in line


def test_duplicates_and_broken_records_are_sent_but_not_judged() -> None:
    (first, *_) = lines_of(items(5, broken=3, duplicates=2, source=transactions(5)))
    assert first.startswith("batch 1: 10/10 sent, 1 fraud | total 5 transactions, 1 fraud (20.0%)")


def test_the_table_has_the_suspected_share_where_the_truth_is_unknown() -> None:
    run = Run()
    statistics = run.sender(suspected(100, every=4)).run(run.stop)
    cells = dict(zip(*(column.cells for column in statistics.table().columns), strict=True))
    assert cells["fraud"] == "unknown: no labels; 25 suspected (25.0%)"


@pytest.mark.parametrize(("every", "batches"), [(2, 10), (10, 0)])
def test_batches_with_much_suspected_fraud_are_counted(every: int, batches: int) -> None:
    run = Run()
    statistics = run.sender(suspected(100, every)).run(run.stop)
    assert statistics.high_fraud_batches == batches
    assert all("are suspected" in warning for warning in statistics.warnings)
