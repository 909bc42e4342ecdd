"""Batches of writes, rows that replace each other within one, and deletion in batches."""

from fraudstream.profiles.store_protocol import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    delete_in_batches,
    newest_rows,
    write_batches,
)
from tests.unit.profiles.profile_samples import NOW_MS, row


def test_a_batch_is_bounded_by_its_rows_and_by_its_bytes() -> None:
    small = [row(f"A{number}") for number in range(2 * MAX_BATCH_ROWS + 1)]
    assert [len(each) for each in write_batches(small)] == [MAX_BATCH_ROWS, MAX_BATCH_ROWS, 1]
    large = row("large", profile=bytes(MAX_BATCH_BYTES - len(small[0].profile)))
    assert list(write_batches([small[0], large, large, small[1]])) == [[small[0], large], [large, small[1]]]


def test_a_row_beyond_the_bytes_of_a_batch_is_a_batch_of_its_own() -> None:
    giant = row("giant", profile=bytes(MAX_BATCH_BYTES + 1))
    assert list(write_batches([row(), giant])) == [[row()], [giant]]
    assert list(write_batches([])) == []


def test_the_last_of_the_rows_that_replace_each_other_is_left() -> None:
    same = row(ordinal=2, profile=b"same ordinal")
    other = row("A2")
    assert newest_rows([row(ordinal=2), row(ordinal=1), other, same], NOW_MS) == [same, other]


def test_deletion_goes_on_until_a_batch_is_not_full() -> None:
    counts = iter([10, 10, 3])
    shown: list[int] = []
    assert delete_in_batches(lambda: next(counts), 10, shown.append) == 23
    assert shown == [10, 20, 23]
