"""The contract of profile stores, run against every store: real servers, and the emulator for DynamoDB."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from fraudstream.profiles.profile_rows import ProfileKey, ProfileRow, written_until_ms
from fraudstream.profiles.store_protocol import EntityCount, ProfileInventory
from tests.unit.profiles.profile_samples import (
    AWKWARD_IDS,
    EPOCH_MS,
    LIVES_MS,
    NOW_MS,
    incompressible,
    progress,
    row,
)

OpenStore = Callable[[], ProfileInventory]
EXPIRED_MS = NOW_MS + 2 * LIVES_MS
"""A time at which the rows of these tests have expired, although the server still has them."""


def test_a_row_is_read_as_it_was_written(store: ProfileInventory) -> None:
    written = row(ordinal=7, profile=bytes(range(256)))
    store.write([written], NOW_MS)
    assert store.read([written.key]) == [written]


def test_rows_come_in_the_order_of_their_keys_and_none_for_missing_ones(store: ProfileInventory) -> None:
    first, second, other = row("A1"), row("A2"), row("A1", entity="device_id")
    store.write([first, second, other], NOW_MS)
    missing = ProfileKey("merchant_id", "A1")
    keys = [other.key, missing, second.key, first.key, ProfileKey("account_id", "a1"), other.key]
    assert store.read(keys) == [other, None, second, first, None, other]


def test_no_keys_have_no_rows(store: ProfileInventory) -> None:
    store.write([], NOW_MS)
    store.write([row()], NOW_MS)
    assert store.read([]) == []


@pytest.mark.parametrize(
    ("later", "now_ms", "replaces"),
    [
        (row(ordinal=6, profile=b"later"), NOW_MS, True),
        (row(ordinal=5, profile=b"later"), NOW_MS, True),
        (row(ordinal=4, profile=b"later"), NOW_MS, False),
        (row(epoch_ms=EPOCH_MS + 1, ordinal=1, profile=b"later"), NOW_MS, True),
        (row(epoch_ms=EPOCH_MS - 1, ordinal=9, profile=b"later"), NOW_MS, False),
        (row(ordinal=1, profile=b"later", expires_ms=EXPIRED_MS + LIVES_MS), EXPIRED_MS, True),
        (row(epoch_ms=EPOCH_MS - 1, profile=b"later", expires_ms=EXPIRED_MS + LIVES_MS), EXPIRED_MS, True),
        (row(ordinal=4, profile=b"later"), NOW_MS + LIVES_MS - 1, False),
        (row(ordinal=4, profile=b"later"), NOW_MS + LIVES_MS, True),
    ],
    ids=[
        "newer", "same", "older", "newer epoch", "older epoch", "began anew after it expired",
        "of an older epoch after it expired", "just before it expires", "when it expires",
    ],
)  # fmt: skip
def test_a_row_replaces_an_older_one_an_equal_one_and_an_expired_one(
    store: ProfileInventory, later: ProfileRow, now_ms: int, *, replaces: bool
) -> None:
    stored = row(ordinal=5)
    store.write([stored], NOW_MS)
    store.write([later], now_ms)
    assert store.read([stored.key]) == [later if replaces else stored]
    assert later.replaces(stored, now_ms) == replaces


def test_of_two_rows_with_one_key_in_one_write_the_newer_one_is_kept(store: ProfileInventory) -> None:
    newer, older = row(ordinal=3), row(ordinal=2, profile=b"older")
    store.write([older, newer, older], NOW_MS)
    assert store.read([newer.key]) == [newer]


def test_writes_in_any_order_end_at_the_rows_that_the_rule_leaves(store: ProfileInventory) -> None:
    draws = random.Random(7)
    kept: dict[ProfileKey, ProfileRow] = {}
    for number in range(20):
        now_ms = NOW_MS + draws.choice([0, LIVES_MS // 2, LIVES_MS])
        rows = [
            row(
                draws.choice("ABC"),
                epoch_ms=EPOCH_MS + draws.randrange(2),
                ordinal=draws.randrange(1, 6),
                expires_ms=NOW_MS + draws.choice([LIVES_MS // 2, LIVES_MS, 3 * LIVES_MS]),
                profile=f"{number} {place}".encode(),
            )
            for place in range(draws.randrange(1, 6))
        ]
        store.write(rows, now_ms)
        for each in rows:
            if each.key not in kept or each.replaces(kept[each.key], now_ms):
                kept[each.key] = each
        assert store.read(list(kept)) == list(kept.values())


def test_ids_may_have_any_characters(store: ProfileInventory) -> None:
    rows = [
        row(entity_id, entity=entity, ordinal=ordinal, profile=f"{entity} {ordinal}".encode())
        for entity in ("account_id", "device_id")
        for ordinal, entity_id in enumerate(AWKWARD_IDS, 1)
    ]
    store.write(rows, NOW_MS)
    assert store.read([each.key for each in rows]) == rows


def test_profiles_of_half_a_megabyte_and_empty_ones_are_kept(store: ProfileInventory) -> None:
    rows = [row("large", profile=incompressible(500_000)), row("empty", profile=b"")]
    store.write(rows, NOW_MS)
    assert store.read([each.key for each in rows]) == rows


def test_a_large_profile_is_replaced_by_a_smaller_and_a_larger_one(store: ProfileInventory) -> None:
    for ordinal, size in enumerate((1_200_000, 800_000, 10, 900_000), 1):
        written = row(ordinal=ordinal, profile=incompressible(size))
        store.write([written], NOW_MS)
        assert store.read([written.key]) == [written]


def test_many_keys_are_read_and_written_at_once(store: ProfileInventory) -> None:
    rows = [row(f"A{number}", ordinal=number + 1) for number in range(101)]
    store.write(rows, NOW_MS)
    assert store.read([each.key for each in rows]) == rows


def run_together(works: Sequence[Callable[[], object]]) -> None:
    """Run functions at the same time, each in a thread; raises the first of their exceptions."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], object]) -> None:
        start.wait(10)
        work()

    with ThreadPoolExecutor(len(works)) as threads:
        for each in [threads.submit(begin, work) for work in works]:
            each.result()


def test_interleaved_writers_end_at_the_highest_ordinal(open_store: OpenStore) -> None:
    keys = ("A1", "A2", "A3")

    def write(first: int) -> None:
        store = open_store()
        for ordinal in range(first, 12, 2):
            store.write([row(key, ordinal=ordinal) for key in keys], NOW_MS)

    run_together([partial(write, 1), partial(write, 2)])
    found = open_store().read([row(key).key for key in keys])
    assert [each and each.ordinal for each in found] == [11, 11, 11]


def test_tasks_that_begin_at_once_share_an_empty_store(open_store: OpenStore) -> None:
    reports = [progress(task=task, tasks=4) for task in range(4)]
    run_together([partial(open_store().report, each) for each in reports])
    assert open_store().progress() == reports


def test_another_connection_reads_new_rows_and_progress(open_store: OpenStore) -> None:
    writer, reader = open_store(), open_store()
    for ordinal in (1, 2):
        writer.write([row(ordinal=ordinal)], NOW_MS)
        writer.report(progress(until_ms=ordinal))
        assert reader.read([row().key]) == [row(ordinal=ordinal)]
        assert reader.progress() == [progress(until_ms=ordinal)]


def test_a_task_replaces_its_own_progress_only(store: ProfileInventory) -> None:
    store.report(progress(task=0, tasks=2, until_ms=5))
    store.report(progress(task=1, tasks=2, until_ms=7))
    store.report(progress("device_id", task=0, until_ms=3))
    store.report(progress(task=0, tasks=2, until_ms=9))
    found = store.progress()
    assert sorted(found, key=str) == sorted(
        [
            progress(task=0, tasks=2, until_ms=9),
            progress(task=1, tasks=2, until_ms=7),
            progress("device_id", until_ms=3),
        ],
        key=str,
    )
    assert written_until_ms(found, "account_id") == 7


def test_rows_and_bytes_are_counted_by_entity(store: ProfileInventory) -> None:
    store.write([row("A1", profile=b"123"), row("A2", profile=b"4"), row("D1", entity="device_id")], NOW_MS)
    store.report(progress())
    shown: list[int] = []
    counts = store.counts(shown.append)
    assert counts == [EntityCount("account_id", 2, 4), EntityCount("device_id", 1, 7)]
    assert shown[-1] == 3


def test_expired_rows_are_deleted_and_the_others_stay(store: ProfileInventory) -> None:
    stays, goes = row("A1", expires_ms=NOW_MS + 2 * LIVES_MS), row("A2")
    store.write([stays, goes], NOW_MS)
    store.expire(NOW_MS + LIVES_MS)
    assert store.read([stays.key]) == [stays]


def test_an_id_without_a_utf_8_form_is_an_error(store: ProfileInventory) -> None:
    store.write([row()], NOW_MS)
    with pytest.raises(Exception, match="no UTF-8 form") as raised:
        store.read([ProfileKey("account_id", "\ud800")])
    assert type(raised.value).__name__ == "ProfileStoreError"
