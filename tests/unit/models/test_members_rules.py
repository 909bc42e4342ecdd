"""Every model kind, and versions of several kinds, keep the contract; violations are detected."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.manifest import (
    Manifest,
    ManifestCalibration,
    ManifestMember,
    ModelError,
    manifest_features,
)
from fraudstream.scoring.members import LOADABLE
from fraudstream.scoring.members.member import Member
from fraudstream.scoring.members.trees import Trees
from fraudstream.scoring.odds import log_odds, probability
from fraudstream.scoring.scorer import Scorer
from models.members import KINDS, autoencoder_training, gru_training, trees_training
from tests.unit.models import model_rules
from tests.unit.models.model_rules import CATALOGUE, RULES, Case, Matrix, Model, data

Rule = Callable[[Case, Matrix], None]


@pytest.fixture(autouse=True, scope="module")
def fixture_short_trainings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees_training, "TREES", 20)
        patch.setattr(autoencoder_training, "EPOCHS", 2)
        patch.setattr(gru_training, "EPOCHS", 2)
        yield


@cache
def fitted(kind: str, seed: int) -> Member:
    features, is_fraud = data()
    return KINDS[kind].fit(features, is_fraud, CATALOGUE, seed)


def manifest(*kinds: str) -> Manifest:
    return Manifest(
        version="test",
        features=manifest_features(CATALOGUE),
        catalogue_version=CATALOGUE.version,
        members=tuple(
            ManifestMember(kind=kind, file=f"{kind}.bin", weight=0.5 + place, parameters={})
            for place, kind in enumerate(kinds)
        ),
        bias=-0.5,
        calibration=ManifestCalibration(slope=1.5, intercept=-1.0),
        threshold=0.5,
        threshold_choice="a test's",
        seed=1,
        training_data={},
        metrics={},
        libraries={},
    )


def scorer(catalogue: Catalogue, *kinds: str) -> Scorer:
    files = {f"{kind}.bin": fitted(kind, 1).to_bytes() for kind in kinds}
    return Scorer(files, manifest(*kinds).with_digests(files), catalogue)


def load_member(kind: str, content: bytes) -> Member:
    return LOADABLE[kind](content, CATALOGUE.width)


def case(kind: str) -> Case:
    model = fitted(kind, 1)
    features, is_fraud = data()
    return Case(
        model=model,
        saved_and_loaded=lambda: load_member(kind, model.to_bytes()),
        saved=model.to_bytes(),
        trained=lambda seed: KINDS[kind].fit(features, is_fraud, CATALOGUE, seed).to_bytes(),
        load=lambda content: load_member(kind, content),
        load_for=lambda catalogue: scorer(catalogue, kind),
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_the_rule(kind: str, rule: Rule) -> None:
    features, _ = data(seed=2)
    rule(case(kind), features)


def version_case(folder: Path, *kinds: str) -> Case:
    made = scorer(CATALOGUE, *kinds)
    files = {f"{kind}.bin": fitted(kind, 1).to_bytes() for kind in kinds}

    def saved_and_loaded() -> Model:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        (folder / "manifest.json").write_text(manifest(*kinds).with_digests(files).to_text())
        return Scorer.load(folder, CATALOGUE)

    def load(content: bytes) -> object:
        broken = {**files, f"{kinds[-1]}.bin": content}
        return Scorer(broken, manifest(*kinds).with_digests(broken), CATALOGUE)

    return Case(
        model=made,
        saved_and_loaded=saved_and_loaded,
        saved=files[f"{kinds[-1]}.bin"],
        trained=lambda seed: fitted(kinds[-1], seed).to_bytes(),
        load=load,
        load_for=lambda catalogue: scorer(catalogue, *kinds),
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_version_of_all_kinds_keeps_the_rule(rule: Rule, tmp_path: Path) -> None:
    features, _ = data(seed=2)
    rule(version_case(tmp_path, *KINDS), features.astype(np.float64))


class Fake:
    """Scores with the mean of the known inputs; ``change`` makes it violate one rule."""

    def __init__(
        self,
        change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]] = lambda scores: scores,
        *,
        accepts_missing: bool = True,
    ) -> None:
        self._change = change
        self._accepts_missing = accepts_missing

    def score(self, features: Any) -> npt.NDArray[np.float64]:  # noqa: ANN401 - a matrix of either precision
        if not len(features):
            return np.empty(0)
        known = np.nan_to_num(features) if self._accepts_missing else features
        weights = np.linspace(1, 2, features.shape[1])
        with np.errstate(over="ignore"):
            sums = (np.sign(known) * np.log1p(np.abs(known)) * weights).astype(np.float64).mean(axis=1)
        return self._change(probability(sums - 4))


def refused(_: object) -> object:
    msg = "is none"
    raise ModelError(msg)


def load_for(catalogue: Catalogue) -> object:
    return manifest("xgboost").columns_in(catalogue)


def fake_case(model: Model | None = None, **changes: Any) -> Case:  # noqa: ANN401 - any field of a case
    honest = Case(
        model=model or Fake(),
        saved_and_loaded=lambda: model or Fake(),
        saved=b"seed 1",
        trained=lambda seed: b"seed %d" % seed,
        load=refused,
        load_for=load_for,
    )
    return replace(honest, **changes)


def nondeterministic() -> Fake:
    calls = iter(range(1, 1_000_000))
    return Fake(lambda scores: scores / (1 + next(calls)))


VIOLATIONS = {
    "same_input_same_output": fake_case(nondeterministic()),
    "no_row_depends_on_its_batch": fake_case(Fake(lambda scores: scores - scores.min())),
    "missing_values_are_scored": fake_case(Fake(accepts_missing=False)),
    "scores_lie_between_0_and_1_and_differ": fake_case(Fake(lambda scores: 2 * scores)),
    "a_loaded_model_scores_bit_for_bit_like_the_saved_one": fake_case(
        saved_and_loaded=lambda: Fake(lambda scores: scores.astype(np.float32).astype(np.float64))
    ),
    "the_seed_determines_the_model": fake_case(trained=lambda seed: b"%d" % id(object()) + bytes([seed])),
    "corrupt_bytes_are_rejected": fake_case(load=lambda content: content),
    "an_incompatible_catalogue_is_rejected": fake_case(load_for=lambda catalogue: catalogue),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_valid_fake_keeps_the_rule_and_a_violating_one_is_detected(rule: Rule) -> None:
    features, _ = data(seed=2)
    rule(fake_case(), features)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        rule(VIOLATIONS[rule.__name__], features)


@pytest.mark.parametrize(
    "model",
    [
        Fake(lambda scores: np.full(len(scores), 0.5)),
        Fake(lambda scores: scores.astype(np.float32)),
        Fake(lambda scores: scores[:-1]),
        Fake(lambda scores: scores - 0.5),
    ],
    ids=["constant", "of single precision", "one too few", "negative"],
)
def test_malformed_scores_are_detected(model: Fake) -> None:
    features, _ = data(seed=2)
    with pytest.raises(AssertionError):
        model_rules.scores_lie_between_0_and_1_and_differ(fake_case(model), features)


def test_a_seed_without_effect_is_detected() -> None:
    with pytest.raises(AssertionError):
        model_rules.the_seed_determines_the_model(fake_case(trained=lambda _: b"seed 1"), data()[0])


def test_a_version_blends_the_log_odds_of_its_members_and_calibrates_them() -> None:
    features, _ = data(seed=2)
    kinds = ("xgboost", "autoencoder")
    trees_odds, network_odds = (log_odds(fitted(kind, 1).score(features)) for kind in kinds)
    expected = probability(1.5 * (0.5 * trees_odds + 1.5 * network_odds - 0.5) - 1.0)
    scores = scorer(CATALOGUE, *kinds).score(features.astype(np.float64))
    assert scores == pytest.approx(expected, rel=1e-12)


def test_contributions_are_those_of_the_trees_in_the_log_odds_of_the_version() -> None:
    features, _ = data(50, seed=2)
    trees_alone = fitted("xgboost", 1)
    assert isinstance(trees_alone, Trees)
    for kinds in (("xgboost",), ("xgboost", "isolation_forest")):
        added = scorer(CATALOGUE, *kinds).contributions(features.astype(np.float64))
        assert added == pytest.approx(1.5 * 0.5 * trees_alone.contributions(features), abs=1e-4)
    without_trees = scorer(CATALOGUE, "isolation_forest").contributions(features.astype(np.float64))
    assert without_trees.shape == features.shape
    assert not without_trees.any()


def test_the_trees_contributions_and_a_constant_add_up_to_their_log_odds() -> None:
    features, _ = data(50, seed=2)
    member = fitted("xgboost", 1)
    assert isinstance(member, Trees)
    rest = log_odds(member.score(features)) - member.contributions(features).sum(axis=1)
    assert rest == pytest.approx(rest[0], abs=1e-4)


def test_a_member_of_an_unknown_kind_is_rejected_with_the_known_kinds() -> None:
    unknown = manifest("xgboost").model_copy(
        update={"members": (ManifestMember(kind="oracle", file="oracle.bin", weight=1, parameters={}),)}
    )
    with pytest.raises(ModelError, match=r"oracle\.bin is of the kind 'oracle'; this version reads xgboost,"):
        Scorer({"oracle.bin": b""}, unknown, CATALOGUE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_for_more_features_than_the_manifest_has_is_refused(kind: str) -> None:
    with pytest.raises(ModelError):
        LOADABLE[kind](fitted(kind, 1).to_bytes(), 10)


def test_a_pickled_copy_of_all_members_gives_the_same_scores() -> None:
    features, _ = data(seed=2)
    made = scorer(CATALOGUE, *KINDS)
    copy = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes
    rows = features.astype(np.float64)
    assert np.array_equal(copy.score(rows), made.score(rows))


def test_the_trees_are_trained_at_the_true_fraud_share_with_fine_bins() -> None:
    parameters = KINDS["xgboost"].parameters(7)
    assert "scale_pos_weight" not in parameters
    assert (parameters["max_bin"], parameters["base_score"], parameters["seed"]) == (4096, 0.5, 7)
    features, is_fraud = data(600)
    scores = KINDS["xgboost"].fit(features, is_fraud, CATALOGUE, 1).score(features)
    assert scores.mean() == pytest.approx(is_fraud.mean(), abs=0.1)


def test_every_trainable_kind_can_be_loaded_and_no_other() -> None:
    assert list(KINDS) == list(LOADABLE)
    assert all(fitted(kind, 1).kind == kind for kind in KINDS)
