import pickle
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import Manifest, ModelError
from fraudstream.scoring.scorer import Scorer

V1 = ROOT / "models" / "v1"
MODEL = Manifest.load(V1).members[0].file
Matrix = npt.NDArray[np.float64]


@pytest.fixture(name="scorer", scope="module")
def fixture_scorer() -> Scorer:
    return Scorer.load(V1, BUILT_IN)


@pytest.fixture(name="rows", scope="module")
def fixture_rows() -> Matrix:
    """Return vectors of all magnitudes, with one value in ten missing."""
    random = np.random.default_rng(1)
    rows = random.lognormal(3, 4, size=(500, len(BUILT_IN.names)))
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


def test_a_score_lies_between_0_and_1_and_depends_on_the_features(scorer: Scorer, rows: Matrix) -> None:
    scores = scorer.score(rows)
    assert scores.shape == (500,)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert len(np.unique(scores)) > 100


def test_the_same_input_gives_the_same_output(scorer: Scorer, rows: Matrix) -> None:
    before = rows.copy()
    assert np.array_equal(scorer.score(rows), scorer.score(rows))
    assert np.array_equal(rows, before, equal_nan=True)


def test_a_score_does_not_depend_on_the_rest_of_the_batch(scorer: Scorer, rows: Matrix) -> None:
    together = scorer.score(rows)
    alone = np.concatenate([scorer.score(rows[row : row + 1]) for row in range(len(rows))])
    assert np.array_equal(together, alone)
    assert np.array_equal(scorer.score(rows[::-1])[::-1], together)


def test_a_row_of_only_missing_values_has_a_score(scorer: Scorer) -> None:
    (score,) = scorer.score(np.full((1, len(BUILT_IN.names)), np.nan))
    assert 0 <= score <= 1


def test_no_rows_have_no_scores(scorer: Scorer) -> None:
    assert scorer.score(np.empty((0, len(BUILT_IN.names)))).shape == (0,)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, -1e300])
def test_a_row_beyond_single_precision_has_no_score_and_the_others_keep_theirs(
    scorer: Scorer, rows: Matrix, value: float
) -> None:
    broken = rows.copy()
    broken[[3, 7], [0, 5]] = value
    scores = scorer.score(broken)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [3, 7]
    others = np.delete(np.arange(len(rows)), [3, 7])
    assert np.array_equal(scores[others], scorer.score(rows)[others])
    assert np.isnan(scorer.score(broken[3:4])).all()


def test_the_largest_single_precision_number_has_a_score(scorer: Scorer, rows: Matrix) -> None:
    large = rows[:1].copy()
    large[0, 0] = np.finfo(np.float32).max
    assert not np.isnan(scorer.score(large)).any()


def test_a_pickled_copy_gives_bit_for_bit_the_same_scores(scorer: Scorer, rows: Matrix) -> None:
    copy = pickle.loads(pickle.dumps(scorer))  # noqa: S301 - our own bytes
    assert np.array_equal(copy.score(rows), scorer.score(rows))
    assert copy.manifest == scorer.manifest
    again = pickle.loads(pickle.dumps(copy))  # noqa: S301 - our own bytes
    assert np.array_equal(again.score(rows), scorer.score(rows))


def test_the_model_finds_its_features_in_a_catalogue_of_another_order(scorer: Scorer, rows: Matrix) -> None:
    # The windows of the account's velocity come first and refer to no feature; some later ones do.
    windows = 26
    order = [*reversed(range(windows)), *range(windows, len(BUILT_IN.names))]
    other = Catalogue(tuple(BUILT_IN.features[place] for place in order))
    assert other.names != BUILT_IN.names
    assert np.array_equal(Scorer.load(V1, other).score(rows[:, order]), scorer.score(rows))


@pytest.mark.parametrize("data", [b"no model", b"{}", b"\x00" * 1000, (V1 / MODEL).read_bytes()[:-100]])
def test_bytes_that_are_not_a_model_are_rejected(tmp_path: Path, data: bytes) -> None:
    shutil.copy(V1 / "manifest.json", tmp_path)
    (tmp_path / MODEL).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{MODEL} is not an XGBoost model"):
        Scorer.load(tmp_path, BUILT_IN)


def test_a_folder_without_a_model_is_reported_with_the_fix(tmp_path: Path) -> None:
    shutil.copy(V1 / "manifest.json", tmp_path)
    with pytest.raises(ModelError, match=rf"{MODEL} does not exist; give the folder of a trained version"):
        Scorer.load(tmp_path, BUILT_IN)


def test_an_incompatible_catalogue_is_rejected_at_load_time() -> None:
    with pytest.raises(ModelError, match="weekend_flag: not in the catalogue"):
        Scorer.load(
            V1, Catalogue(tuple(feature for feature in BUILT_IN.features if feature.name != "weekend_flag"))
        )
