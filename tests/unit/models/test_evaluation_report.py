"""The report of made-up metrics: tables, sentences and charts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fraudstream.domain.duration import DAY_MS
from models.data.labelled_dataset import HONEST, Dataset
from models.evaluation.evaluation_report import EvaluationReport, write_report
from models.evaluation.judging import JudgedFold, Team, results
from models.evaluation.pictures import COLOURS, colour

COUNT = 600
Page = tuple[str, dict[str, bytes]]
"""Text and pictures of a report."""
TRUTH = np.arange(COUNT) % 6 == 0
MODELS = ("xgboost", "ensemble", "amount_only")


def dataset(*, has_types: bool) -> Dataset:
    times_ms = np.sort(np.arange(COUNT) % 4) * DAY_MS
    return Dataset(
        features=np.zeros((COUNT, 1), dtype=np.float32),
        event_time_ms=times_ms,
        available_at_ms=times_ms,
        accounts=np.arange(COUNT, dtype=np.int32),
        amount_vnd=np.full(COUNT, 1e6),
        is_fraud=TRUTH,
        fraud_types=np.where(TRUTH & has_types, 2, HONEST).astype(np.int8),
    )


def report(*, has_types: bool = True, note: str | None = None, importance: bool = True) -> EvaluationReport:
    data, team = dataset(has_types=has_types), Team()
    judged: dict[str, list[JudgedFold]] = {}
    for place, name in enumerate(MODELS):
        random = np.random.default_rng(place)
        scores = np.clip(TRUTH * (0.7 - 0.2 * place) + 0.5 * random.random(COUNT), 0, 1)
        judged[name] = [
            JudgedFold(np.arange(300), scores[:300], 0.6),
            JudgedFold(np.arange(300, 600), scores[300:], 0.7),
        ]
    fold = {"fit": 1_000, "validation": 200, "test": 300, "left_out": 7, "test_start": "x", "test_end": "y"}
    facts: dict[str, Any] = {
        "transactions": COUNT,
        "accounts": COUNT,
        "base_rate": float(TRUTH.mean()),
        "first_event_time": "2026-01-05T00:00:00.000Z",
        "last_event_time": "2026-01-09T00:00:00.000Z",
        "features": 80,
        "split": {"folds": 2, "test_days": 2, "delay_days": 7},
        "note": note,
        "ships": "xgboost",
        "ships_because": "The ensemble is no better.",
        "folds": [{"number": 1, **fold}, {"number": 2, **fold}],
    }
    figures: dict[str, Any] = {name: results(data, folds, team) for name, folds in judged.items()}
    sizes = {"small": 0.1, "large": 2.0} if importance else {}
    return EvaluationReport({**figures, "data": facts}, data, judged, sizes, team)


def written(folder: Path, made: EvaluationReport) -> Page:
    write_report(made, folder / "evaluation.md")
    pictures = {path.stem: path.read_bytes() for path in (folder / "evaluation-pictures").iterdir()}
    return (folder / "evaluation.md").read_text(), pictures


@pytest.fixture(name="page", scope="module")
def fixture_page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return written(tmp_path_factory.mktemp("page"), report())


def test_the_page_shows_exactly_the_written_charts(page: Page) -> None:
    text, pictures = page
    assert sorted(pictures) == [
        "calibration", "fraud-types", "importance", "money", "precision-recall", "scores",
    ]  # fmt: skip
    for name in pictures:
        assert text.count(f"(evaluation-pictures/{name}.svg)") == 1


def test_the_same_metrics_give_the_same_bytes(page: Page, tmp_path: Path) -> None:
    assert written(tmp_path, report()) == page


def test_metrics_are_shown_with_their_sd(page: Page) -> None:
    made = report()
    text, _ = page
    main = made.evaluation["xgboost"]
    assert f"| ROC AUC | {main['auc_roc']:.3f} ± {main['sd']['auc_roc']:.3f} |" in text
    assert f"| recall | {main['recall']:.2%} ± {main['sd']['recall']:.2%} |" in text
    assert "| | xgboost | ensemble | amount_only |" in text
    assert "card precision at 100 per day" in text
    assert "**xgboost ships.** The ensemble is no better." in text
    baseline = made.evaluation["amount_only"]
    assert f"an average precision of {baseline['average_precision']:.3f} (xgboost: " in text
    assert "| 2 | 1,000 | 200 | 300 | 7 | x | y |" in text
    assert "16.67% of them fraud" in text


def test_types_are_shown_if_there_are_any(page: Page, tmp_path: Path) -> None:
    assert "\n| loan_fraud | 50 |" in page[0]
    text, pictures = written(tmp_path, report(has_types=False))
    assert "By fraud type" not in text
    assert "fraud-types" not in pictures


def test_without_importance_the_page_has_no_section_for_it(tmp_path: Path) -> None:
    text, pictures = written(tmp_path, report(importance=False))
    assert "importance" not in text
    assert "importance" not in pictures


def test_shortened_parts_are_mentioned(tmp_path: Path) -> None:
    assert "**The tests are short.**" in written(tmp_path, report(note="The tests are short."))[0]


def test_the_largest_importance_is_listed_first(page: Page) -> None:
    picture = page[1]["importance"].decode()
    # The chart draws the lowest bar first.
    assert 0 < picture.index(">small<") < picture.index(">large<")


@pytest.mark.parametrize(("name", "place"), [("xgboost", 0), ("ensemble", 1), ("amount_only", -1)])
def test_each_model_has_one_colour_and_the_baseline_is_grey(name: str, place: int) -> None:
    assert colour(MODELS, name) == COLOURS[place]
