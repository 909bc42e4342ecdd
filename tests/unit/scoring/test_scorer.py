import hashlib
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import xgboost

from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring import scorer as scorer_module
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


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3.5e38, 1e300, -1e300])
def test_a_value_beyond_single_precision_is_missing_and_its_position_is_named(
    scorer: Scorer, rows: Matrix, value: float
) -> None:
    broken, lacking = rows.copy(), rows.copy()
    broken[[3, 7, 7], [0, 5, 2]] = value
    lacking[[3, 7, 7], [0, 5, 2]] = np.nan
    rated = scorer.rated(broken)
    assert np.array_equal(rated.scores, scorer.score(lacking))
    assert rated.overflowing == {3: (0,), 7: (2, 5)}
    assert np.array_equal(scorer.contributions(broken[3:8]), scorer.contributions(lacking[3:8]))
    assert scorer.rated(lacking).overflowing == {}


def test_the_largest_single_precision_number_has_a_score(scorer: Scorer, rows: Matrix) -> None:
    large = rows[:1].copy()
    large[0, 0] = np.finfo(np.float32).max
    assert scorer.rated(large).overflowing == {}
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
    (tmp_path / "manifest.json").write_text(Manifest.load(V1).with_digests({MODEL: data}).to_text())
    (tmp_path / MODEL).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{MODEL} is not an XGBoost model"):
        Scorer.load(tmp_path, BUILT_IN)


# ---- digests ----


def swapped(folder: Path) -> Path:
    """Write the model with all leaves negative, so that it finds no fraud, under the same manifest."""
    booster = xgboost.Booster(model_file=V1 / MODEL)
    model = json.loads(booster.save_raw("json"))
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        for node, child in enumerate(tree["left_children"]):
            if child == -1:
                tree["split_conditions"][node] = -abs(tree["split_conditions"][node])
    turned = xgboost.Booster(model_file=bytearray(json.dumps(model).encode()))
    (folder / MODEL).write_bytes(turned.save_raw("ubj"))
    shutil.copy(V1 / "manifest.json", folder)
    return folder


def test_a_changed_model_of_the_same_version_is_refused(tmp_path: Path, scorer: Scorer) -> None:
    folder = swapped(tmp_path)
    with pytest.raises(ModelError) as refused:
        Scorer.load(folder, BUILT_IN)
    (trained,) = scorer.manifest.members
    found = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    assert str(refused.value) == (
        f"model: {MODEL} has the SHA-256 {found}, and the manifest has {trained.sha256}: the file was "
        "changed after the training; restore it, or train the version again with `make train`"
    )


def test_a_changed_model_with_its_own_digest_is_another_model(
    tmp_path: Path, scorer: Scorer, rows: Matrix
) -> None:
    folder = swapped(tmp_path)
    manifest = scorer.manifest.with_digests({MODEL: (folder / MODEL).read_bytes()})
    (folder / "manifest.json").write_text(manifest.to_text())
    other = Scorer.load(folder, BUILT_IN)
    assert other.manifest.version == scorer.manifest.version
    assert other.manifest.digest != scorer.manifest.digest
    # The trees are sound, so only the digest tells them apart.
    assert other.score(rows).max() < 0.5 < scorer.score(rows).max()


def test_native_code_does_not_see_what_has_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(data: bytes, width: int) -> None:
        pytest.fail(f"{len(data)} bytes were read, for {width} features")

    monkeypatch.setattr(scorer_module, "LOADABLE", {"xgboost": load})
    with pytest.raises(ModelError, match="the file was changed after the training"):
        Scorer({MODEL: b"other"}, Manifest.load(V1), BUILT_IN)


def test_a_worker_checks_the_digest_again(scorer: Scorer) -> None:
    state = pickle.dumps(scorer)
    leaf = (V1 / MODEL).read_bytes()[-2_000:-1_900]
    assert state.count(leaf) == 1
    with pytest.raises(ModelError, match="the file was changed after the training"):
        pickle.loads(state.replace(leaf, leaf[::-1]))  # noqa: S301 - our own bytes


def test_a_version_without_digests_is_refused_with_the_remedy(tmp_path: Path) -> None:
    shutil.copytree(V1, tmp_path, dirs_exist_ok=True)
    facts = json.loads((tmp_path / "manifest.json").read_text())
    del facts["members"][0]["sha256"]
    (tmp_path / "manifest.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match="if you trust it, run `fraudstream models digest FOLDER --write`"):
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
