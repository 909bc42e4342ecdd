"""The drill's damaged models are refused, each for its own reason, and the model itself is not touched."""

from pathlib import Path

import pytest

from drills.faults.operator_faults import damaged_models
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.scorer import Scorer

MODEL = ROOT / "models" / "v1"


def test_each_damaged_model_is_refused_in_the_words_that_the_drill_expects(tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in MODEL.iterdir()}
    found = list(damaged_models(MODEL, tmp_path))
    assert len({words for _, words in found}) == len(found) == 2
    for folder, words in found:
        with pytest.raises(ModelError, match=words):
            Scorer.load(folder, BUILT_IN)
    assert {path.name: path.read_bytes() for path in MODEL.iterdir()} == before
