"""Splits of a data set for training, calibration and test: by time, never at random.

    fold 1   |---- fit ----|-- validation --|   delay   |-- test --|
    fold 2   |---------- fit ---------|-- validation --|   delay   |-- test --|
    ...                                                                        ^ end of the data

The fit and validation parts of a fold end a label delay before its test begins: by then their labels are
known. Days are in UTC; a first or last day does not count if the data covers less than half of it.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from fraudstream.domain.duration import DAY_MS
from fraudstream.scoring.manifest import ModelError
from models.data.labelled_dataset import Dataset

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """Options of the split, in whole days."""

    folds: int = 4
    test_days: int = 7
    delay_days: int = 7
    """Days from a transaction until its label is known; they lie between training and test."""
    validation_days: int = 7
    train_days: int | None = None
    """Length of the fit and validation parts together; None: all earlier data."""
    known_days: int = 7
    """An account is known as compromised by frauds of up to this many days before the delay begins.

    7 is the value of the Fraud Detection Handbook, which makes its published figures comparable. After that
    time, a bank has given the customer another card, or another password.
    """


DEFAULT: Final = SplitOptions()


@dataclass(frozen=True, slots=True)
class Fold:
    """Boundaries of one fold in epoch milliseconds; each part includes its start and excludes its end."""

    number: int
    fit_start_ms: int
    validation_start_ms: int
    validation_end_ms: int
    test_start_ms: int
    test_end_ms: int
    known_span_ms: int
    """A known fraud at most this long before the start of a part leaves its account out of that part."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The folds, the earliest first, with the options that were used and a note."""

    folds: tuple[Fold, ...]
    options: SplitOptions
    note: str | None
    """Describes what was shortened because the data is short; None if nothing was."""


@dataclass(frozen=True, slots=True)
class FoldRows:
    """Rows of a data set for the fit, validation and test parts of a fold."""

    fit: slice
    validation: Rows
    test: Rows
    left_out: int
    """Transactions of the test's days whose account was known as compromised.

    The validation part leaves them out of its days too, so that a calibration made there fits the test.
    """


def plan(first_ms: int, last_ms: int, options: SplitOptions = DEFAULT) -> Plan:
    """Return the folds of data from ``first_ms`` to ``last_ms``, both inclusive.

    The last test ends with the data. The fit part of the first fold is at least as long as a test. If the
    data is too short for that, tests and validation parts are shortened, and the note says so. The delay is
    not shortened, because it is not a choice. Raises `ModelError` if not even tests of one day fit.
    """
    end_ms = _midnight_ms(last_ms)
    fitting, note = _fitting(options, (end_ms - _midnight_ms(first_ms)) // DAY_MS)
    folds = tuple(_fold(number, end_ms, first_ms, fitting) for number in range(1, fitting.folds + 1))
    return Plan(folds, fitting, note)


def _midnight_ms(time_ms: int) -> int:
    """Return the nearest midnight."""
    return (time_ms + DAY_MS // 2) // DAY_MS * DAY_MS


def _fitting(options: SplitOptions, days: int) -> tuple[SplitOptions, str | None]:
    needed = (options.folds + 1) * options.test_days + options.delay_days + options.validation_days
    if days >= needed:
        return options, None
    # The tests of all folds, and the validation and fit parts of the first one.
    test_days = (days - options.delay_days) // (options.folds + 2)
    if test_days < 1:
        least = options.folds + 2 + options.delay_days
        msg = (
            f"the data has {days} whole days; {options.folds} folds with a delay of {options.delay_days} "
            f"days need at least {least}: give more data, fewer --folds or a shorter --delay-days"
        )
        raise ModelError(msg)
    shorter = replace(
        options,
        test_days=min(options.test_days, test_days),
        validation_days=min(options.validation_days, test_days),
    )
    note = (
        f"The data has {days} days, but {needed} are needed: tests are shortened from {options.test_days} "
        f"to {shorter.test_days} days, validation parts from {options.validation_days} to "
        f"{shorter.validation_days}."
    )
    return shorter, note


def _fold(number: int, end_ms: int, first_ms: int, options: SplitOptions) -> Fold:
    test_start_ms = end_ms - (options.folds - number + 1) * options.test_days * DAY_MS
    train_end_ms = test_start_ms - options.delay_days * DAY_MS
    oldest_ms = first_ms if options.train_days is None else train_end_ms - options.train_days * DAY_MS
    return Fold(
        number=number,
        fit_start_ms=max(first_ms, oldest_ms),
        validation_start_ms=train_end_ms - options.validation_days * DAY_MS,
        validation_end_ms=train_end_ms,
        test_start_ms=test_start_ms,
        test_end_ms=test_start_ms + options.test_days * DAY_MS,
        known_span_ms=(options.delay_days + options.known_days) * DAY_MS,
    )


def fold_rows(data: Dataset, fold: Fold) -> FoldRows:
    """Return a fold's rows; those whose label is unknown when the test begins are honest in training."""
    times_ms = data.event_time_ms
    test = _unknown(data, fold, fold.test_start_ms, fold.test_end_ms)
    first, end = np.searchsorted(times_ms, [fold.test_start_ms, fold.test_end_ms])
    start, stop = np.searchsorted(times_ms, [fold.fit_start_ms, fold.validation_start_ms])
    return FoldRows(
        fit=slice(int(start), int(stop)),
        validation=_unknown(data, fold, fold.validation_start_ms, fold.validation_end_ms),
        test=test,
        left_out=int(end - first) - len(test),
    )


def _unknown(data: Dataset, fold: Fold, start_ms: int, end_ms: int) -> Rows:
    """Return the rows of these days whose account was not known as compromised before the row's day.

    The handbook's ``get_train_test_set`` does the same: it leaves out cards with a fraud in the training
    week, or since then, whose day is more than the delay before the day of the test.
    """
    recent = data.event_time_ms >= start_ms - fold.known_span_ms
    rows = []
    for day_ms in range(start_ms, end_ms, DAY_MS):
        day = np.arange(*np.searchsorted(data.event_time_ms, [day_ms, day_ms + DAY_MS]))
        known = np.zeros(int(data.accounts.max()) + 1, dtype=np.bool_)
        known[data.accounts[data.known_fraud(day_ms - 1) & recent]] = True
        rows.append(day[~known[data.accounts[day]]])
    return np.concatenate(rows)
