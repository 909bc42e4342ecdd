"""One candidate in one fold: its training data, the parts it scores, and its cache key."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, TransactionFeature
from fraudstream.domain.duration import DAY_MS
from fraudstream.scoring.members.member import Features, Scores
from models.data.labelled_dataset import Dataset
from models.evaluation import fold_scoring
from models.evaluation.baselines import amount_only, candidate
from models.evaluation.fold_scoring import EXPLAINED, FoldScores, fit_and_score, load, save, scores_file
from models.time_folds import Fold, FoldRows

CATALOGUE = Catalogue((TransactionFeature(name="hour", entity="transaction", statistic="hour"),))
FOLD = Fold(1, 0, 4 * DAY_MS, 6 * DAY_MS, 8 * DAY_MS, 10 * DAY_MS, 0)
PARTS = FoldRows(slice(0, 4), np.arange(4, 6), np.arange(8, 10), 0)
DATA = Dataset(
    features=np.arange(10, dtype=np.float32).reshape(10, 1) / 10,
    event_time_ms=np.arange(10) * DAY_MS,
    # The last label of the fit part arrives a day after the test starts.
    available_at_ms=np.array([1, 2, 3, 9, 5, 6, 7, 8, 9, 10]) * DAY_MS,
    accounts=np.zeros(10, dtype=np.int32),
    amount_vnd=np.arange(10.0) * 1e6,
    is_fraud=np.array([1, 0, 0, 1, 1, 0, 0, 0, 1, 0], dtype=np.bool_),
    fraud_types=np.full(10, -1, dtype=np.int8),
)


@dataclass
class Echo:
    """Scores with the feature itself, and explains with twice the feature."""

    kind: str = "echo"

    def score(self, features: Features) -> Scores:
        return features[:, 0].astype(np.float64)

    def contributions(self, features: Features) -> npt.NDArray[np.float64]:
        return -2.0 * features.astype(np.float64)

    def to_bytes(self) -> bytes:
        return b""


class Silent:
    """Echo without an explanation."""

    kind = "silent"
    score = Echo.score
    to_bytes = Echo.to_bytes


@dataclass
class EchoKind:
    member: Any = field(default_factory=Echo)
    name: str = "echo"
    suffix: str = "bin"
    told: dict[str, Any] = field(default_factory=dict)

    def reason_unsuitable(self, catalogue: Catalogue) -> str | None:  # noqa: ARG002 - fits any
        return None

    def fit(
        self, features: Features, is_fraud: npt.NDArray[np.bool_], catalogue: Catalogue, seed: int
    ) -> Any:  # noqa: ANN401 - whichever it was given
        self.told = {"features": features, "is_fraud": is_fraud, "catalogue": catalogue, "seed": seed}
        return self.member

    def parameters(self, seed: int) -> dict[str, Any]:
        return {"seed": seed, "name": self.name}


def test_a_kind_trains_on_the_fit_part_with_the_labels_of_its_time_and_scores_the_other_parts() -> None:
    kind = EchoKind()
    scores = fit_and_score(candidate(kind, CATALOGUE), DATA, PARTS, FOLD, 7)
    assert kind.told["features"].ravel().tolist() == pytest.approx([0, 0.1, 0.2, 0.3])
    # The fraud with the late label is trained as honest.
    assert kind.told["is_fraud"].tolist() == [True, False, False, False]
    assert (kind.told["catalogue"], kind.told["seed"]) == (CATALOGUE, 7)
    assert scores.validation.tolist() == pytest.approx([0.4, 0.5])
    assert scores.test.tolist() == pytest.approx([0.8, 0.9])
    assert scores.importance.tolist() == pytest.approx([2 * 0.85])


def test_the_baseline_sees_only_the_amount() -> None:
    kind = EchoKind()
    scores = fit_and_score(amount_only(kind), DATA, PARTS, FOLD, 7)
    assert kind.told["features"].tolist() == [[0], [1e6], [2e6], [3e6]]
    assert kind.told["catalogue"].names == ("transaction_amount_vnd",)
    assert scores.test.tolist() == [8e6, 9e6]


def test_a_model_without_contributions_has_no_importance() -> None:
    scores = fit_and_score(candidate(EchoKind(Silent()), CATALOGUE), DATA, PARTS, FOLD, 7)
    assert len(scores.importance) == 0


def test_the_importance_is_of_a_sample_spread_over_the_test_part() -> None:
    count = 10 * EXPLAINED
    many = replace(
        DATA,
        features=np.linspace(0, 1, count, dtype=np.float32).reshape(-1, 1),
        is_fraud=np.zeros(count, dtype=np.bool_),
        available_at_ms=np.zeros(count, dtype=np.int64),
    )
    parts = FoldRows(slice(0, 1), np.arange(1), np.arange(count), 0)
    scores = fit_and_score(candidate(EchoKind(), CATALOGUE), many, parts, FOLD, 7)
    assert scores.importance.tolist() == pytest.approx([1.0], rel=1e-4)


def test_cached_scores_are_read_bit_for_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    scores = FoldScores(random.random(5), random.random(7), np.zeros(0))
    path = tmp_path / "new" / "scores.npz"
    save(scores, path)
    again = load(path)
    assert again.validation.tobytes() == scores.validation.tobytes()
    assert again.test.tobytes() == scores.test.tobytes()
    assert len(again.importance) == 0
    # No partial file is left.
    assert list(path.parent.iterdir()) == [path]


def test_the_cache_key_changes_with_every_input_of_the_scores(tmp_path: Path) -> None:
    one = candidate(EchoKind(), CATALOGUE)
    facts = {"seed": 1, "features": "f"}
    names = [
        scores_file(tmp_path, one, FOLD, facts),
        scores_file(tmp_path, one, FOLD, {**facts, "seed": 2}),
        scores_file(tmp_path, one, FOLD, {**facts, "features": "g"}),
        scores_file(tmp_path, one, replace(FOLD, known_span_ms=1), facts),
        scores_file(tmp_path, candidate(EchoKind(name="other"), CATALOGUE), FOLD, facts),
        scores_file(tmp_path, candidate(EchoKind(), BUILT_IN), FOLD, facts),
        scores_file(tmp_path, amount_only(EchoKind()), FOLD, facts),
    ]
    digests = [name.name.split(".")[0] for name in names]
    assert len(set(digests)) == len(digests)
    assert scores_file(tmp_path, one, FOLD, facts) == names[0]


def test_the_code_that_cached_scores_depend_on_exists() -> None:
    names = {path.name for path in fold_scoring.code_files()}
    assert {
        "fold_scoring.py",
        "time_folds.py",
        "baselines.py",
        "tree_shap.py",
        "odds.py",
        "trees.py",
    } <= names


def test_a_pattern_without_matching_code_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold_scoring, "CODE", ("models/renamed.py",))
    with pytest.raises(FileNotFoundError, match=r"no file matches models/renamed\.py"):
        fold_scoring.code_files()
