"""Cost of the reasons of alerts, alone and within batches: ``python -m benchmarks.reasons``."""

import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
import typer
import xgboost
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fraudstream.domain.alert_reasons import Reasoner
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Subject
from fraudstream.scoring.explanation import Explainer, Explanation
from fraudstream.scoring.judge import Judged
from fraudstream.scoring.scorer import Scorer
from jobs.scoring_udf import ScoreBatches

BATCH_ROWS: Final = 1_000
ALERTS: Final = 50
"""Number of alerts that are explained together to measure the cost of one: 5 % of a batch."""
ALERT_SHARES: Final = (0.0, 0.01, 0.05, 0.1)
NO_ALERTS: Final = 2.0
"""A threshold that no score reaches."""
REPETITIONS: Final = 25
SEED: Final = 1

Matrix = npt.NDArray[np.float64]
console = Console()


class WithoutReasons(Decider):
    """Decides as the job does, without reasons."""

    def __init__(self, scorer: Scorer, threshold: float) -> None:
        super().__init__(scorer, BUILT_IN, threshold)
        self._explainer = _Silent(scorer, BUILT_IN)


class _Silent(Explainer):
    def explain(self, features: Matrix) -> list[Explanation]:
        return [Explanation(())] * len(features)


def vectors(rows: int) -> Matrix:
    """Return random feature vectors with numbers of all magnitudes; a tenth of the values are missing."""
    random = np.random.default_rng(SEED)
    matrix: Matrix = random.lognormal(3.0, 4.0, (rows, BUILT_IN.width))
    matrix[random.random(matrix.shape) < 0.1] = np.nan  # noqa: PLR2004 - the tenth
    return matrix


def encoded(matrix: Matrix) -> bytes:
    """Return a batch as the kernel's ``ScoringBatch`` writes it, with empty ids."""
    rows = len(matrix)
    head = struct.pack("<ii", *matrix.shape)
    return head + matrix.astype("<f8").tobytes() + bytes(3 * 8 * rows) + bytes(4 * (2 * rows + 1))


def least_us(run: Callable[[], object]) -> float:
    """Return the minimum processor time of a call in µs; other programs may disturb single calls."""
    run()
    times_ns = []
    for _ in range(REPETITIONS):
        start_ns = time.thread_time_ns()
        run()
        times_ns.append(time.thread_time_ns() - start_ns)
    return min(times_ns) / 1_000


def alert_costs(folder: Path) -> Iterable[tuple[str, float]]:
    """Yield each step of creating an alert and its cost per alert in µs."""
    scorer = Scorer.load(folder, BUILT_IN)
    matrix = vectors(ALERTS)
    rows = matrix.tolist()
    contributions = scorer.contributions(matrix).tolist()
    reasoner, judge = Reasoner(BUILT_IN, {}), Decider(scorer, BUILT_IN).judge
    explanations = Explainer(scorer, BUILT_IN).explain(matrix)
    subject = Subject(
        transaction_id="T", account_id="A", event_time_ms=0, arrival_ms=0, transaction_amount_vnd=1.0
    )

    def reasons() -> None:
        for vector, added in zip(rows, contributions, strict=True):
            reasoner.reasons(vector, added)

    def alerts(explained: list[Explanation]) -> None:
        for vector, explanation in zip(rows, explained, strict=True):
            judge.alert(subject, Judged(vector, 0.5, explanation), 0).to_json()

    yield (
        "contributions, exact, from tables (in use)",
        least_us(lambda: scorer.contributions(matrix)) / ALERTS,
    )
    for name, options in (("exact", {}), ("approximate", {"approx_contribs": True})):
        run = _of_xgboost(folder, scorer, matrix, options)
        yield f"contributions, {name}, by XGBoost", least_us(run) / ALERTS
    yield "selection and wording of five reasons", least_us(reasons) / ALERTS
    yield (
        "the alert and its JSON without reasons",
        least_us(lambda: alerts([Explanation(())] * ALERTS)) / ALERTS,
    )
    yield "the alert and its JSON with reasons", least_us(lambda: alerts(explanations)) / ALERTS


def _of_xgboost(
    folder: Path, scorer: Scorer, matrix: Matrix, options: dict[str, bool]
) -> Callable[[], object]:
    files = {member.kind: member.file for member in scorer.manifest.members}
    booster = xgboost.Booster(model_file=folder / files["xgboost"])
    booster.set_param({"nthread": 1})
    inputs = matrix[:, scorer.manifest.columns_in(BUILT_IN)].astype(np.float32)
    return lambda: booster.predict(xgboost.DMatrix(inputs, nthread=1), pred_contribs=True, **options)


def batch_rates(folder: Path) -> Iterable[tuple[float, float, float]]:
    """Yield the share of alerts, and the transactions per second without and with reasons."""
    scorer = Scorer.load(folder, BUILT_IN)
    matrix = vectors(BATCH_ROWS)
    batch, scores = encoded(matrix), np.sort(scorer.score(matrix))
    for share in ALERT_SHARES:
        alerts = round(share * BATCH_ROWS)
        # With equal scores, more rows than requested may alert; the yielded share is the actual one.
        threshold = float(scores[-alerts]) if alerts else NO_ALERTS
        deciders = WithoutReasons(scorer, threshold), Decider(scorer, BUILT_IN, threshold)
        rates = [
            BATCH_ROWS / least_us(lambda of=of: of.eval(batch)) * 1e6  # type: ignore[misc]
            for of in map(ScoreBatches, deciders)
        ]
        yield len(deciders[0].judge.rows_due(scores)) / BATCH_ROWS, rates[0], rates[1]


def main(
    model: Annotated[Path, typer.Option(help="Folder of a model version")] = ROOT / "models" / "v1",
) -> None:
    """Measure the cost of the reasons of alerts, in CPU time of one thread."""
    table = Table("step, per alert", "µs")
    for part, cost_us in track(alert_costs(model), "one alert", 6, console=console):
        table.add_row(part, f"{cost_us:,.0f}")
    console.print(table)
    table = Table("alerts", "without reasons, tx/s", "with reasons, tx/s")
    for share, without, with_reasons in track(batch_rates(model), "batches", 4, console=console):
        table.add_row(f"{share:.1%}", f"{without:,.0f}", f"{with_reasons:,.0f}")
    console.print(table)


if __name__ == "__main__":
    run_command(main)
