"""The contract of every model, and data to test it with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.scoring.manifest import ModelError

Matrix = npt.NDArray[Any]

CATALOGUE = Catalogue(
    (
        *(
            WindowFeature(name=f"count_{ms}ms", entity="account_id", statistic="count", window_ms=ms)
            for ms in range(1, 59)
        ),
        WindowFeature(
            name="last",
            entity="account_id",
            statistic="last_n",
            column="transaction_fees_vnd",
            window_ms=1_000,
            n=4,
        ),
        TransactionFeature(name="hour", entity="transaction", statistic="hour"),
    )
)
"""71 inputs, as in the project's catalogue: at that width, matrix products round differently by row count."""
ROWS = 300


class Model(Protocol):
    def score(self, features: Any) -> npt.NDArray[np.float64]: ...  # noqa: ANN401 - a matrix of either precision


@dataclass(frozen=True)
class Case:
    """A model, with functions that reload and retrain it."""

    model: Model
    saved_and_loaded: Callable[[], Model]
    saved: bytes
    trained: Callable[[int], bytes]
    """Train again with a seed, where 1 is the model's own, and return the saved bytes."""
    load: Callable[[bytes], object]
    load_for: Callable[[Catalogue], object]


def data(count: int = ROWS, seed: int = 1) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return numbers of all magnitudes, one in ten missing; frauds have larger ones."""
    random = np.random.default_rng(seed)
    is_fraud = random.random(count) < 0.2
    rows = random.lognormal(3, 3, (count, CATALOGUE.width)) * np.where(is_fraud, 5, 1)[:, None]
    rows[random.random(rows.shape) < 0.1] = np.nan
    # A last_n contains only the known newest transactions, up to four per row.
    known = random.integers(0, 5, count)
    place = CATALOGUE.slices["last"]
    for column in range(place.start, place.stop):
        rows[known <= (column - place.start) % 4, column] = np.nan
    return rows.astype(np.float32), is_fraud


def same_input_same_output(case: Case, rows: Matrix) -> None:
    before = rows.copy()
    assert np.array_equal(case.model.score(rows), case.model.score(rows))
    assert np.array_equal(rows, before, equal_nan=True)


def no_row_depends_on_its_batch(case: Case, rows: Matrix) -> None:
    together = case.model.score(rows)
    order = np.random.default_rng(2).permutation(len(rows))
    for size in (1, 2, 7, 65, len(rows)):
        batches = [order[start : start + size] for start in range(0, len(rows), size)]
        apart = np.concatenate([case.model.score(rows[batch]) for batch in batches])
        assert np.array_equal(apart, together[order]), f"in batches of {size}"


def missing_values_are_scored(case: Case, rows: Matrix) -> None:
    nothing = np.full((2, rows.shape[1]), np.nan, rows.dtype)
    each_missing = np.where(np.eye(rows.shape[1]) == 1, np.nan, rows[: rows.shape[1]]).astype(rows.dtype)
    for lacking in (nothing, each_missing):
        scores = case.model.score(lacking)
        assert ((scores >= 0) & (scores <= 1)).all()


def scores_lie_between_0_and_1_and_differ(case: Case, rows: Matrix) -> None:
    scores = case.model.score(rows)
    assert scores.dtype == np.float64
    assert scores.shape == (len(rows),)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(np.unique(scores)) > len(rows) / 10
    assert case.model.score(rows[:0]).shape == (0,)


def a_loaded_model_scores_bit_for_bit_like_the_saved_one(case: Case, rows: Matrix) -> None:
    assert np.array_equal(case.saved_and_loaded().score(rows), case.model.score(rows))


def the_seed_determines_the_model(case: Case, rows: Matrix) -> None:  # noqa: ARG001 - the rules have one form
    assert case.trained(1) == case.saved
    assert case.trained(2) != case.saved


def corrupt_bytes_are_rejected(case: Case, rows: Matrix) -> None:  # noqa: ARG001 - the rules have one form
    for data in (b"", b"no model", b"{}", bytes(1_000), case.saved[:-100]):
        with pytest.raises(ModelError):
            case.load(data)


def an_incompatible_catalogue_is_rejected(case: Case, rows: Matrix) -> None:  # noqa: ARG001 - as above
    case.load_for(CATALOGUE)
    lacking = Catalogue(CATALOGUE.features[:-1])
    first = CATALOGUE.features[0].model_copy(update={"window_ms": 100})
    other = Catalogue((first, *CATALOGUE.features[1:]))
    for catalogue in (lacking, other):
        with pytest.raises(ModelError, match="does not fit the catalogue"):
            case.load_for(catalogue)


RULES = (
    same_input_same_output,
    no_row_depends_on_its_batch,
    missing_values_are_scored,
    scores_lie_between_0_and_1_and_differ,
    a_loaded_model_scores_bit_for_bit_like_the_saved_one,
    the_seed_determines_the_model,
    corrupt_bytes_are_rejected,
    an_incompatible_catalogue_is_rejected,
)
