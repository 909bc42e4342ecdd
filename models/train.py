"""Train a version: data, features, model, threshold, metrics, manifest; same seed, same model."""

import platform
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from fraudstream.alert import likely_fraud_type
from fraudstream.catalogue import BUILT_IN, Catalogue
from fraudstream.transaction import FRAUD_TYPES
from models.dataset import Dataset, compute_features, read_features, write_transactions
from models.manifest import MANIFEST_NAME, MODEL_NAME, Manifest, ManifestFeature, ModelError
from models.scorer import Scorer
from producer.simulation import TrafficOptions

TRAIN_END: Final = 0.6
VALIDATION_END: Final = 0.8
"""Shares of the data, in the order of event time: train, then validation, then test. Never at random."""
TREES: Final = 200
START_MS: Final = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
"""The training data's beginning, a Monday; fixed, so that a seed says all."""


def parameters(seed: int) -> dict[str, Any]:
    """Return XGBoost's parameters; 200 trees of depth 6 cost about 2 µs a transaction in batches."""
    return {
        "objective": "binary:logistic",
        "max_depth": 6,
        "eta": 0.1,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "min_child_weight": 5,
        "base_score": 0.5,
        "max_bin": 1024,
        "tree_method": "hist",
        "seed": seed,
        "nthread": 2,
    }


def train(
    folder: Path, *, version: str, seed: int, transactions: int, step: Callable[[str], None]
) -> Manifest:
    """Train ``version`` into ``folder`` and return its manifest; ``step`` hears what is going on."""
    options = TrafficOptions(seed=seed, start_ms=START_MS)
    dataset = _dataset(options, transactions, step)
    validation = dataset.part(TRAIN_END, VALIDATION_END)
    step("training")
    booster = _fit(dataset.part(0, TRAIN_END), seed)
    draft = _draft(version, seed, options, transactions)
    scorer = Scorer(bytes(booster.save_raw("ubj")), draft, BUILT_IN)
    step("choosing the threshold")
    threshold = best_f1_threshold(validation.is_fraud, scorer.score(validation.features))
    manifest = draft.model_copy(
        update={
            "threshold": threshold,
            "metrics": {
                "validation": measure(validation, scorer, threshold),
                "test": measure(dataset.part(VALIDATION_END, 1), scorer, threshold),
            },
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_NAME).write_bytes(booster.save_raw("ubj"))
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=2) + "\n")
    return manifest


def _dataset(options: TrafficOptions, transactions: int, step: Callable[[str], None]) -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        step(f"making {transactions:,} transactions")
        source = Path(folder) / "transactions.jsonl"
        truth = write_transactions(source, options, transactions)
        step("computing features by the job in bounded mode")
        features = read_features(compute_features(source, Path(folder) / "features.jsonl"), BUILT_IN)
    if len(features) != len(truth):
        msg = f"the job gave features for {len(features)} of {len(truth)} transactions"
        raise ModelError(msg)
    return Dataset(features, np.array([fraud is not None for fraud in truth]), tuple(truth))


def _fit(data: Dataset, seed: int) -> xgboost.Booster:
    matrix = xgboost.DMatrix(data.features.astype(np.float32), label=data.is_fraud.astype(np.float32))
    return xgboost.train(parameters(seed), matrix, num_boost_round=TREES)


def _draft(version: str, seed: int, options: TrafficOptions, transactions: int) -> Manifest:
    return Manifest(
        version=version,
        features=manifest_features(BUILT_IN),
        catalogue_version=BUILT_IN.version,
        threshold=0.5,
        threshold_choice="the score with the highest F1 on the validation part",
        seed=seed,
        training_data={
            "source": "producer.simulation",
            "transactions": transactions,
            "accounts": options.accounts,
            "fraud_share": options.fraud_share,
            "split": {"by": "event time", "train": [0, TRAIN_END], "validation": [TRAIN_END, VALIDATION_END]},
        },
        parameters={**parameters(seed), "num_boost_round": TREES},
        metrics={},
        libraries={
            "python": platform.python_version(),
            "xgboost": xgboost.__version__,
            "numpy": np.__version__,
        },
    )


def manifest_features(catalogue: Catalogue) -> tuple[ManifestFeature, ...]:
    """Return the list that pins a model to what each of its inputs meant."""
    return tuple(ManifestFeature(name=name, meaning=catalogue.meaning(name)) for name in catalogue.names)


def best_f1_threshold(is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """Return the score with the highest F1; the highest such score of equals."""
    precision, recall, thresholds = precision_recall_curve(is_fraud, scores)
    # The curve ends with a point (1, 0) that has no threshold.
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    best = np.flatnonzero(f1[:-1] == f1[:-1].max())[-1]
    return float(thresholds[best])


def measure(data: Dataset, scorer: Scorer, threshold: float) -> dict[str, Any]:
    """Return the metrics of the scores on ``data``, in all and by fraud type."""
    scores = scorer.score(data.features)
    is_alert = scores >= threshold
    hits = int((is_alert & data.is_fraud).sum())
    types = np.array([fraud or "" for fraud in data.fraud_types])
    return {
        "transactions": len(scores),
        "base_rate": float(data.is_fraud.mean()),
        "mean_score": float(scores.mean()),
        "auc_roc": float(roc_auc_score(data.is_fraud, scores)),
        "average_precision": float(average_precision_score(data.is_fraud, scores)),
        "precision": hits / max(1, int(is_alert.sum())),
        "recall": hits / max(1, int(data.is_fraud.sum())),
        "recall_by_fraud_type": {
            fraud: float(is_alert[types == fraud].mean()) for fraud in FRAUD_TYPES if (types == fraud).any()
        },
        "likely_fraud_type_accuracy": _type_accuracy(data, np.flatnonzero(is_alert & data.is_fraud)),
    }


def _type_accuracy(data: Dataset, rows: Sequence[int] | npt.NDArray[np.intp]) -> float:
    right = 0
    for row in rows:
        vector = zip(BUILT_IN.names, data.features[row], strict=True)
        features = {name: None if np.isnan(value) else float(value) for name, value in vector}
        right += likely_fraud_type(features) == data.fraud_types[row]
    return right / max(1, len(rows))
