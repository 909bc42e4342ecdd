"""Scores of one candidate in one fold: trained on the fit part, scored on the later ones, kept in a file."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fraudstream.archives.record_writers import replaced_when_whole
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.members.member import Features, Member, Scores
from models.data.labelled_dataset import Dataset
from models.evaluation.baselines import Candidate
from models.time_folds import Fold, FoldRows

EXPLAINED: Final = 5_000
"""Rows of the test, evenly spread, over which the importance of the features is averaged."""
CODE: Final = (
    "fraudstream/scoring/*.py",
    "fraudstream/scoring/members/*.py",
    "models/members/*.py",
    "models/evaluation/baselines.py",
    "models/evaluation/fold_scoring.py",
    "models/time_folds.py",
)
"""Files that scores depend on besides data and parameters; kept scores are not used again once these change.
"""


@dataclass(frozen=True, slots=True)
class FoldScores:
    """Scores of a candidate in a fold, before calibration."""

    validation: Scores
    test: Scores
    importance: npt.NDArray[np.float64]
    """Mean absolute contribution of each place of the vector to the log-odds; empty if the kind has none."""


def fit_and_score(candidate: Candidate, data: Dataset, parts: FoldRows, fold: Fold, seed: int) -> FoldScores:
    """Train on the fit part, with the labels that are known when the test begins, and score the other two."""
    inputs = candidate.inputs(data)
    is_fraud = data.known_fraud(fold.test_start_ms)[parts.fit]
    member = candidate.kind.fit(inputs[parts.fit], is_fraud, candidate.catalogue, seed)
    test = inputs[parts.test]
    return FoldScores(member.score(inputs[parts.validation]), member.score(test), _importance(member, test))


def _importance(member: Member, test: Features) -> npt.NDArray[np.float64]:
    contributions = getattr(member, "contributions", None)
    if contributions is None or not len(test):
        return np.zeros(0)
    rows = test[np.unique(np.linspace(0, len(test) - 1, EXPLAINED).astype(np.intp))]
    sizes: npt.NDArray[np.float64] = np.abs(contributions(rows)).mean(axis=0)
    return sizes


def scores_file(folder: Path, candidate: Candidate, fold: Fold, depends_on: dict[str, Any]) -> Path:
    """Return the file of a fold's scores; its name changes with everything that they depend on."""
    facts = {
        **depends_on,
        "fold": asdict(fold),
        "catalogue": candidate.catalogue.version,
        "parameters": candidate.kind.parameters(depends_on["seed"]),
        "code": _code_digest(),
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return folder / f"{digest}.{candidate.name}.{fold.number}.npz"


def code_files() -> list[Path]:
    """Return the files that scores depend on.

    Raises ``FileNotFoundError`` if a pattern of `CODE` matches none, because files were renamed.
    """
    found = []
    for pattern in CODE:
        files = sorted(ROOT.glob(pattern))
        if not files:
            msg = f"no file matches {pattern}; list the files that scores depend on in CODE"
            raise FileNotFoundError(msg)
        found += files
    return found


def _code_digest() -> str:
    digest = hashlib.sha256()
    for path in code_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def save(scores: FoldScores, path: Path) -> None:
    """Write the file; it appears under its name when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_when_whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **asdict(scores))


def load(path: Path) -> FoldScores:
    """Read a file that `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return FoldScores(**{name: arrays[name] for name in arrays.files})
