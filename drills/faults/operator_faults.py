"""Mistakes of an operator: a second job on the same streams, and a model that was damaged."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from drills.cluster import ClusterError
from drills.faults.fault import Fault
from drills.load import with_one_key
from drills.stage import Stage
from fraudstream.domain.transaction import TransactionKey
from fraudstream.scoring.manifest import MANIFEST_NAME, Manifest

CHANGED_FILE: Final = "the file was changed after the training"
BROKEN_TREES: Final = "train the version again"
"""Words in which the job refuses a model, before it is submitted."""


def start_second_job(stage: Stage) -> None:
    """Start a second job from the oldest record, and cancel it once it has scored everything too.

    Raises `ClusterError` if the two jobs did not both write each transaction.
    """
    with stage.fault("a second job reads the same stream"):
        second = stage.start_second_job(parallelism=1)
        stage.wait_until_sent()
        stage.wait("two scores of each transaction", lambda: _is_scored_twice(stage))
        second.cancel()


def _is_scored_twice(stage: Stage) -> bool:
    scores = Counter(TransactionKey.of(record.content) for record in stage.scored.records)
    return len(scores) == len(stage.items) and set(scores.values()) == {2}


def swap_model(stage: Stage) -> None:
    """Stop the job with a savepoint, try to go on with two damaged models, then go on with the right one.

    Raises `ClusterError` if the job starts with a damaged model, or refuses it for another reason.
    """
    with stage.fault("stopping with a savepoint, then starting with damaged models"):
        savepoint = stage.job.stop_with_savepoint(stage.folder)
    for folder, words in damaged_models(stage.settings.model, stage.folder):
        try:
            stage.start_job("--model", str(folder), flink_options=("-s", savepoint))
        except ClusterError as refused:
            if words not in str(refused):
                raise
        else:
            msg = f"the job started with the damaged model in {folder}"
            raise ClusterError(msg)
    stage.start_job(flink_options=("-s", savepoint))


def damaged_models(model: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield copies of a model with one byte changed, and with half its trees and the digest of that half.

    Each comes with the words in which it is refused.
    """
    manifest = Manifest.load(model)
    name = manifest.members[0].file
    data = (model / name).read_bytes()
    middle = len(data) // 2
    changed = bytes([*data[:middle], data[middle] ^ 1, *data[middle + 1 :]])
    yield _copy(model, folder / "changed", {name: changed}, manifest), CHANGED_FILE
    half = {name: data[:middle]}
    yield _copy(model, folder / "half", half, manifest.with_digests(half)), BROKEN_TREES


def _copy(model: Path, target: Path, files: dict[str, bytes], manifest: Manifest) -> Path:
    shutil.copytree(model, target)
    for name, data in files.items():
        (target / name).write_bytes(data)
    (target / MANIFEST_NAME).write_text(manifest.to_text())
    return target


SECOND_JOB: Final = Fault(
    name="second_job",
    description="a second job reads the same streams; it is cancelled once it has scored everything too",
    strike=start_second_job,
    load=with_one_key,
    parallelism=1,
    has_consumer=True,
    may_repeat=True,
    pairs=False,
)
MODEL_DAMAGED: Final = Fault(
    name="model_damaged",
    description="stop with a savepoint; the job refuses a changed and a truncated model, then goes on",
    strike=swap_model,
    pairs=False,
)
