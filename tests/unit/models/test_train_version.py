from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.domain.duration import DAY_MS
from fraudstream.scoring.manifest import Manifest, ModelError
from fraudstream.scoring.scorer import Scorer
from models.data.labelled_dataset import Dataset
from models.members import KINDS, autoencoder_training, trees_training
from models.threshold import AlertBudget, BestF1
from models.train import TrainedVersion, TrainingRequest, baseline_values, train
from models.training_splits import training_splits

CATALOGUE = Catalogue(
    (
        TransactionFeature(name="amount", entity="transaction", statistic="value", column="total_loans_vnd"),
        TransactionFeature(name="hour", entity="transaction", statistic="hour"),
        WindowFeature(name="count", entity="account_id", statistic="count", window_ms=1_000),
    )
)
DAYS = 60
PER_DAY = 60
START_MS = 1_767_571_200_000
LABEL_DELAY_MS = 7 * DAY_MS


def bank(signal: float = 4.0, seed: int = 1) -> Dataset:
    """Return transactions whose first feature is informative about fraud, and whose others are noise."""
    random = np.random.default_rng(seed)
    count = DAYS * PER_DAY
    is_fraud = random.random(count) < 0.1
    features = random.normal(0, 1, (count, 3)).astype(np.float32)
    features[:, 0] += signal * is_fraud
    features[random.random(count) < 0.05, 2] = np.nan
    times_ms = START_MS + np.sort(random.integers(0, DAYS * DAY_MS, count))
    return Dataset(
        features=features,
        event_time_ms=times_ms,
        available_at_ms=times_ms + LABEL_DELAY_MS,
        accounts=random.integers(0, 500, count).astype(np.int32),
        amount_vnd=random.lognormal(13, 1, count),
        is_fraud=is_fraud,
        fraud_types=np.where(is_fraud, random.integers(0, 2, count), -1).astype(np.int8),
    )


def request(**changes: object) -> TrainingRequest:
    facts = {
        "version": "v9",
        "seed": 3,
        "catalogue": CATALOGUE,
        "source": {"source": "A test", "command": "train it"},
        "choice": BestF1(),
    }
    return TrainingRequest(**(facts | changes))  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="module")
def fixture_short_trainings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees_training, "TREES", 20)
        patch.setattr(autoencoder_training, "EPOCHS", 1)
        yield


@pytest.fixture(name="heard", scope="module")
def fixture_heard() -> list[str]:
    return []


@pytest.fixture(name="version", scope="module")
def fixture_version(heard: list[str]) -> TrainedVersion:
    return train(bank(), request(), KINDS, heard.append)


def test_each_trainable_kind_is_trained_and_the_others_report_why_not(
    version: TrainedVersion, heard: list[str]
) -> None:
    assert [name for name in KINDS if f"training {name}" in heard] == [
        "xgboost",
        "isolation_forest",
        "autoencoder",
    ]
    assert any(text.startswith("skipped gru: gru reads") for text in heard)
    assert set(version.manifest.metrics["ensemble"]["on_test"]) == {
        "xgboost",
        "isolation_forest",
        "autoencoder",
        "ensemble",
    }


def test_the_written_version_loads_and_scores_as_measured(version: TrainedVersion, tmp_path: Path) -> None:
    version.write(tmp_path / "v9")
    assert Manifest.load(tmp_path / "v9") == version.manifest
    assert Manifest.load(tmp_path / "v9").digest == version.manifest.digest
    scorer = Scorer.load(tmp_path / "v9", CATALOGUE)
    test = training_splits(bank()).test
    scores = scorer.score(test.features.astype(np.float64))
    metrics = version.manifest.metrics["test"]
    assert scores.mean() == metrics["mean_score"]
    is_alert = scores >= version.manifest.threshold
    assert (is_alert & test.is_fraud).sum() / test.is_fraud.sum() == metrics["recall"]
    first = is_alert[test.fraud_types == 0].mean()
    assert metrics["recall_by_fraud_type"] == {
        "money_laundering": first,
        "account_takeover": is_alert[test.fraud_types == 1].mean(),
    }


def test_probabilities_are_calibrated_on_data_that_no_member_saw(version: TrainedVersion) -> None:
    for part in ("choice", "test"):
        metrics = version.manifest.metrics[part]
        assert metrics["mean_score"] == pytest.approx(metrics["base_rate"], rel=0.25)
        assert metrics["auc_roc"] > 0.97


def test_the_same_data_and_seed_give_the_same_bytes_and_another_seed_others(version: TrainedVersion) -> None:
    again = train(bank(), request(), KINDS, lambda _: None)
    assert again.manifest == version.manifest
    assert again.files == version.files
    other = train(bank(), request(seed=4), {"xgboost": KINDS["xgboost"]}, lambda _: None)
    assert other.files["xgboost.ubj"] != version.files["xgboost.ubj"]


def test_the_ensemble_ships_if_it_is_better_than_its_first_member() -> None:
    order = {name: KINDS[name] for name in ("isolation_forest", "xgboost")}
    version = train(bank(), request(), order, lambda _: None)
    assert version.manifest.metrics["ensemble"]["ships"]
    assert "xgboost" in [member.kind for member in version.manifest.members]
    assert set(version.files) == {member.file for member in version.manifest.members}


def test_the_simpler_model_ships_if_the_ensemble_is_not_better(version: TrainedVersion) -> None:
    if not version.manifest.metrics["ensemble"]["ships"]:
        assert [member.kind for member in version.manifest.members] == ["xgboost"]
        assert version.manifest.bias == 0
    alone = train(bank(), request(), {"xgboost": KINDS["xgboost"]}, lambda _: None)
    assert not alone.manifest.metrics["ensemble"]["ships"]
    assert set(alone.files) == {"xgboost.ubj"}


def test_the_threshold_is_chosen_as_requested_and_recorded() -> None:
    trees_alone = {"xgboost": KINDS["xgboost"]}
    version = train(bank(), request(choice=AlertBudget(3)), trees_alone, lambda _: None)
    assert version.manifest.threshold_choice == "at most 3 alerts a day, on the part 'choice'"
    choice = training_splits(bank()).choice
    scorer = Scorer(version.files, version.manifest, CATALOGUE)
    alerts = scorer.score(choice.features.astype(np.float64)) >= version.manifest.threshold
    assert 2 < alerts.sum() / choice.days <= 3


def test_the_parts_are_in_order_with_the_label_delay_before_the_test() -> None:
    data = bank()
    splits = training_splits(data)
    ends = [(int(split.event_time_ms[0]), int(split.event_time_ms[-1])) for split in splits.named.values()]
    for (_, earlier), (later, _) in pairwise(ends):
        assert earlier < later
    assert ends[3][0] - ends[2][1] > 7 * DAY_MS - DAY_MS // 2
    assert round(splits.weights.days) == round(splits.choice.days) == 7
    assert round(splits.test.days) == 14
    first = int(np.searchsorted(data.event_time_ms, ends[2][0]))
    assert np.array_equal(splits.choice.amount_vnd[:5], data.amount_vnd[first : first + 5])


def test_labels_unknown_at_the_start_of_the_test_are_not_trained_on() -> None:
    data = bank()
    late = Dataset(
        **{name: getattr(data, name) for name in Dataset.__slots__ if name != "available_at_ms"},
        available_at_ms=np.where(np.arange(len(data)) % 2, data.available_at_ms, np.iinfo(np.int64).max),
    )
    splits, whole = training_splits(late), training_splits(data)
    assert splits.fit.is_fraud.sum() < 0.7 * whole.fit.is_fraud.sum()
    assert splits.test.is_fraud.sum() >= whole.test.is_fraud.sum()


def test_a_part_without_fraud_is_reported_by_name() -> None:
    data = bank()
    honest = Dataset(
        **{name: getattr(data, name) for name in Dataset.__slots__ if name != "is_fraud"},
        is_fraud=np.zeros(len(data), bool),
    )
    with pytest.raises(
        ModelError, match=r"the part 'fit' has 0 known frauds among \d+ transactions, but needs"
    ):
        training_splits(honest)


def test_the_baseline_is_the_median_of_honest_transactions() -> None:
    data = bank(signal=1_000)
    fit = training_splits(data).fit
    usual = baseline_values(fit, CATALOGUE)
    assert usual["amount"] == pytest.approx(0, abs=0.1)
    column = fit.features[~fit.is_fraud][:, 2]
    assert usual["count"] == np.nanmedian(column)
    fit.features[:, 1] = np.nan
    assert baseline_values(fit, CATALOGUE)["hour"] is None


def test_the_card_agrees_with_the_manifest(version: TrainedVersion, tmp_path: Path) -> None:
    version.write(tmp_path)
    card = (tmp_path / "model-card.md").read_text()
    manifest = version.manifest
    for section in ("Intended use", "Data", "Measured", "By fraud type", "Ensemble decision", "Limits"):
        assert f"## {section}\n" in card
    assert f"a fraud probability of {manifest.threshold:.4f} or more" in card
    assert "A test." in card
    assert "    train it\n" in card
    recall = manifest.metrics["test"]["recall_by_fraud_type"]["account_takeover"]
    assert f"| account takeover | {recall:.4f} |" in card
    test = manifest.training_data["parts"]["test"]
    assert f"| {test['transactions']:,} | {test['frauds']:,} |" in card
    assert ("the ensemble ships" in card) is manifest.metrics["ensemble"]["ships"]
    assert ("the simpler model ships" in card) is not manifest.metrics["ensemble"]["ships"]
