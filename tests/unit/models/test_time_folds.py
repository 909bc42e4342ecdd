"""Splits by time. In the drawings a column is a day.

day        0   1   2   3   4   5   6   7
fold 1     fit fit val del tst
fold 2     fit fit fit val del tst        ... and so on, the last test ending with the data
"""

import numpy as np
import pytest

from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.scoring.manifest import ModelError
from models.data.labelled_dataset import Dataset
from models.time_folds import Fold, SplitOptions, fold_rows, plan

MONDAY_MS = 20_458 * DAY_MS


def dataset(*rows: tuple[float, int, bool, float]) -> Dataset:
    """Return transactions of (day, account, fraud, days until the label)."""
    days, accounts, is_fraud, delays = (np.array(column) for column in zip(*rows, strict=True))
    times_ms = (days * DAY_MS).astype(np.int64)
    return Dataset(
        features=np.zeros((len(rows), 1), dtype=np.float32),
        event_time_ms=times_ms,
        available_at_ms=times_ms + (delays * DAY_MS).astype(np.int64),
        accounts=accounts.astype(np.int32),
        amount_vnd=np.ones(len(rows)),
        is_fraud=is_fraud.astype(np.bool_),
        fraud_types=np.full(len(rows), -1, dtype=np.int8),
    )


NAMES = ("fit_start", "validation_start", "validation_end", "test_start", "test_end", "known_span")


def days_of(fold: Fold) -> dict[str, float]:
    return {
        name: (getattr(fold, f"{name}_ms") - MONDAY_MS * (name != "known_span")) / DAY_MS for name in NAMES
    }


SMALL = SplitOptions(folds=2, test_days=2, delay_days=3, validation_days=1, known_days=2)


def test_test_parts_are_adjacent_up_to_the_end_and_training_ends_a_delay_before_each() -> None:
    planned = plan(MONDAY_MS, MONDAY_MS + 12 * DAY_MS - 1, SMALL)
    # Two days of known frauds before validation, and the delay before the test.
    assert [days_of(fold) for fold in planned.folds] == [
        dict(zip(NAMES, (0, 4, 5, 8, 10, 5), strict=True)),
        dict(zip(NAMES, (0, 6, 7, 10, 12, 5), strict=True)),
    ]
    assert [fold.number for fold in planned.folds] == [1, 2]
    assert planned.note is None


@pytest.mark.parametrize(("hours", "last_day"), [(-11, 12), (0, 12), (11, 12), (13, 13)])
def test_a_last_day_of_less_than_half_is_dropped_and_a_longer_one_counts(hours: int, last_day: int) -> None:
    planned = plan(MONDAY_MS, MONDAY_MS + 12 * DAY_MS + hours * HOUR_MS, SMALL)
    assert days_of(planned.folds[-1])["test_end"] == last_day


def test_a_fit_part_of_fixed_length_moves_along() -> None:
    options = SplitOptions(folds=2, test_days=2, delay_days=3, validation_days=1, train_days=4)
    planned = plan(MONDAY_MS, MONDAY_MS + 12 * DAY_MS - 1, options)
    assert [days_of(fold)["fit_start"] for fold in planned.folds] == [1, 3]


def test_no_part_starts_before_the_data() -> None:
    options = SplitOptions(folds=2, test_days=2, delay_days=3, validation_days=1, train_days=7)
    planned = plan(MONDAY_MS, MONDAY_MS + 12 * DAY_MS - 1, options)
    assert [days_of(fold)["fit_start"] for fold in planned.folds] == [0, 0]


def test_short_data_gets_shorter_tests_with_the_same_delay_and_a_note() -> None:
    planned = plan(MONDAY_MS, MONDAY_MS + 31 * DAY_MS - 1)
    assert (planned.options.test_days, planned.options.validation_days, planned.options.delay_days) == (
        4,
        4,
        7,
    )
    assert days_of(planned.folds[0])["validation_start"] >= 4
    assert planned.note == (
        "The data has 31 days, but 49 are needed: tests are shortened from 7 to 4 days, validation parts "
        "from 7 to 4."
    )


def test_the_shortest_data_has_tests_of_a_day_and_shorter_data_is_rejected_with_the_fix() -> None:
    assert plan(MONDAY_MS, MONDAY_MS + 13 * DAY_MS - 1).options.test_days == 1
    with pytest.raises(ModelError) as refused:
        plan(MONDAY_MS, MONDAY_MS + 12 * DAY_MS - 1)
    assert str(refused.value) == (
        "the data has 12 whole days; 4 folds with a delay of 7 days need at least 13: give more data, fewer "
        "--folds or a shorter --delay-days"
    )


FOLD = Fold(
    number=1,
    fit_start_ms=DAY_MS,
    validation_start_ms=3 * DAY_MS,
    validation_end_ms=4 * DAY_MS,
    test_start_ms=6 * DAY_MS,
    test_end_ms=8 * DAY_MS,
    known_span_ms=4 * DAY_MS,
)


def test_each_part_includes_its_start_and_excludes_its_end() -> None:
    just_before = 1 / DAY_MS
    days = [
        1 - just_before,
        1,
        3 - just_before,
        3,
        4 - just_before,
        4,
        6 - just_before,
        6,
        8 - just_before,
        8,
    ]
    found = fold_rows(dataset(*((day, 0, False, 1) for day in days)), FOLD)
    assert (found.fit, found.validation.tolist()) == (slice(1, 3), [3, 4])
    assert found.test.tolist() == [7, 8]
    assert found.left_out == 0


@pytest.mark.parametrize(
    ("fraud_day", "label_after_days", "tested"),
    [
        # Known on day 5.9: excluded on both days of the test.
        (3.9, 2, []),
        # Known at 6.0: excluded only on the second day, because it was not known before the first.
        (4, 2, [6.5]),
        (4.9, 2, [6.5]),
        # Known at 7.0, and later: never excluded.
        (5, 2, [6.5, 7.5]),
        # A late label has the same effect.
        (3, 4, [6.5, 7.5]),
        # So old that the customer has a new card.
        (1.9, 2, [6.5, 7.5]),
        (2, 2, []),
    ],
)
def test_an_account_is_excluded_from_the_day_after_its_fraud_became_known(
    fraud_day: float, label_after_days: float, tested: list[float]
) -> None:
    rows = [
        (fraud_day, 1, True, label_after_days),
        (6.5, 1, False, 2),
        (6.6, 0, False, 2),
        (7.5, 1, False, 2),
    ]
    data = dataset(*rows)
    found = fold_rows(data, FOLD)
    own = [row for row in found.test.tolist() if data.accounts[row] == 1]
    assert (data.event_time_ms[own] / DAY_MS).tolist() == tested
    assert found.left_out == 2 - len(tested)
    # The other account is never excluded.
    assert 2 in found.test


def test_an_honest_label_excludes_no_account() -> None:
    found = fold_rows(dataset((3, 1, False, 1), (6.5, 1, True, 2)), FOLD)
    assert found.test.tolist() == [1]


def test_days_without_transactions_are_allowed() -> None:
    assert fold_rows(dataset((7.5, 0, False, 1)), FOLD).test.tolist() == [0]


def test_accounts_with_fraud_known_by_then_are_excluded_from_the_validation_part_too() -> None:
    # Known on day 2.5: excluded on day 3. Known on day 3.2: included. So old that it is forgotten: included.
    frauds = [(0.5, 1, True, 2), (1.2, 2, True, 2), (-1.5, 3, True, 2)]
    data = dataset(*sorted(frauds), *((3.5, account, False, 2) for account in range(4)))
    validation = fold_rows(data, FOLD).validation
    assert data.accounts[validation].tolist() == [0, 2, 3]
