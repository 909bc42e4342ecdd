"""Planned changes of a running job: another parallelism, another catalogue."""

from typing import Final

from drills.faults.fault import Fault
from drills.stage import Stage
from fraudstream.domain.catalogue import BUILT_IN, Catalogue
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.features import WindowFeature

ADDED: Final = WindowFeature(
    name="account_amount_vnd_max_2h",
    entity="account_id",
    statistic="max",
    column="transaction_amount_vnd",
    window_ms=2 * HOUR_MS,
)
"""Feature that the upgrade adds. The account's state already keeps its column, so its history is available at
once."""
UPGRADED: Final = Catalogue((*BUILT_IN.features, ADDED))


def change_parallelism(stage: Stage) -> None:
    """Stop with a savepoint and resume with one slot, then do the same with two slots."""
    with stage.fault("stopping with a savepoint, resuming with one slot, then with two"):
        savepoint = stage.job.stop_with_savepoint(stage.folder)
    stage.start_job(parallelism=1, flink_options=("-s", savepoint))
    stage.wait_for_more()
    savepoint = stage.job.stop_with_savepoint(stage.folder)
    stage.start_job(parallelism=2, flink_options=("-s", savepoint))


def upgrade(stage: Stage) -> None:
    """Stop with a savepoint and resume with one more feature."""
    with stage.fault("stopping with a savepoint, resuming with one more feature"):
        savepoint = stage.job.stop_with_savepoint(stage.folder)
    stage.start_job(catalogue=UPGRADED, flink_options=("-s", savepoint))


PARALLELISM_CHANGED: Final = Fault(
    name="parallelism_changed",
    description="stop with a savepoint, resume with one slot instead of two, and back",
    strike=change_parallelism,
)
CATALOGUE_UPGRADED: Final = Fault(
    name="catalogue_upgraded",
    description="stop with a savepoint, resume with one more feature",
    strike=upgrade,
)
