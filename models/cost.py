"""Scoring cost of each member in the stream: rows per second on one core, in batches like the job's."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, WindowFeature
from fraudstream.domain.duration import DAY_MS
from fraudstream.scoring.blend import Blend
from fraudstream.scoring.calibration import Calibration
from fraudstream.scoring.members.member import Features, Member, Scores, scores_of
from models.members import KINDS

TRAINING_ROWS: Final = 10_000
"""Random rows, with fraud drawn from them, so that the trees are as many and as deep as on real data."""
LAST_N: Final = 16
ENSEMBLE: Final = "ensemble"
console = Console(soft_wrap=True)


@dataclass(frozen=True, slots=True)
class ScoringCost:
    """Processor time of scoring."""

    microseconds_per_row: float

    @property
    def rows_per_second(self) -> float:
        """Rows that one core scores in a second."""
        return 1e6 / self.microseconds_per_row


def costs(
    members: Mapping[str, Member], batch: Features, repeats: int, clock: Callable[[], float]
) -> dict[str, ScoringCost]:
    """Measure each member alone, and the ensemble of all with blend and calibration.

    ``clock`` returns seconds of processor time. The members take turns, so that a busy machine slows all of
    them alike, and the median of the repeats counts.
    """
    blend, calibration = Blend(dict.fromkeys(members, 1.0), 0.0), Calibration(1.0, 0.0)

    def ensemble(features: Features) -> Scores:
        return calibration.calibrated(blend.combine(scores_of(members, features)))

    scorings = {**{name: member.score for name, member in members.items()}, ENSEMBLE: ensemble}
    seconds: dict[str, list[float]] = {name: [] for name in scorings}
    for _ in range(repeats):
        for name, score in scorings.items():
            start = clock()
            score(batch)
            seconds[name].append(clock() - start)
    return {name: ScoringCost(float(np.median(each)) * 1e6 / len(batch)) for name, each in seconds.items()}


def catalogue_with_list() -> Catalogue:
    """Return the built-in features and one list of the account's last transactions, which gru reads."""
    last = WindowFeature(
        name="account_last",
        entity="account_id",
        statistic="last_n",
        column="transaction_amount_vnd",
        window_ms=30 * DAY_MS,
        n=LAST_N,
    )
    return Catalogue((*BUILT_IN.features, last))


def cost_command(
    batch: Annotated[int, typer.Option(min=1, help="Rows per batch")] = 1_000,
    repeats: Annotated[int, typer.Option(min=3, help="Measurements of each member")] = 101,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the rows and of the training")] = 1,
) -> None:
    """Measure the cost of each member and of the ensemble, compared with the trees alone."""
    catalogue = catalogue_with_list()
    random = np.random.default_rng(seed)
    # Few distinct values make few bins, so that training is short; scoring costs the same.
    rows = random.integers(1, 64, (TRAINING_ROWS, catalogue.width)).astype(np.float32)
    is_fraud = random.random(TRAINING_ROWS) < 0.5 * rows[:, 0] / (rows[:, 0] + rows[:, 1])
    members = {
        name: kind.fit(rows, is_fraud, catalogue, seed)
        for name, kind in track(KINDS.items(), "training", console=console)
    }
    measured = costs(members, rows[:batch], repeats, time.process_time)
    console.print(_table(measured, batch))


def _table(measured: Mapping[str, ScoringCost], batch: int) -> Table:
    table = Table(title=f"batches of {batch:,} rows, one core")
    for title in ("member", "µs per row", "rows/s", "x trees"):
        table.add_column(title, justify="left" if title == "member" else "right")
    trees = measured[next(iter(measured))]
    for name, cost in measured.items():
        ratio = cost.microseconds_per_row / trees.microseconds_per_row
        table.add_row(
            name, f"{cost.microseconds_per_row:.2f}", f"{cost.rows_per_second:,.0f}", f"{ratio:.2f}"
        )
    return table
