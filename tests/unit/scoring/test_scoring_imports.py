"""Scoring runs in every process that decides: it needs numpy and XGBoost, and none of the programs."""

import json
import pkgutil
import subprocess
import sys

import pytest

from fraudstream import scoring
from fraudstream.runtime.project_root import ROOT

ABSENT = ("apache_beam", "boto3", "jax", "optax", "pandas", "pyarrow", "pyflink", "rich", "sklearn", "typer")
"""XGBoost imports some of these if they are installed, so they are hidden."""
PROGRAMS = (
    "alerts",
    "benchmarks",
    "deploy",
    "drills",
    "jobs",
    "localrun",
    "localstack",
    "models",
    "producer",
    "streams",
)
PROCESS = """
import importlib, json, sys
absent, names = json.loads(sys.argv[1])
sys.modules.update(dict.fromkeys(absent))
for name in names:
    importlib.import_module(name)
import numpy as np
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Subject
from fraudstream.scoring.scorer import Scorer
decider = Decider(Scorer.load(ROOT / "models" / "v1", BUILT_IN), BUILT_IN, 0.0)
subject = Subject(
    transaction_id="T", account_id="A", event_time_ms=0, arrival_ms=0, transaction_amount_vnd=1.0
)
(decision,) = decider.decide([subject], np.ones((1, BUILT_IN.width)), lambda: 0)
modules = [name for name, module in sys.modules.items() if module is not None]
print(json.dumps({"modules": modules, "reasons": len(decision.alert.reasons)}))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Return the modules of a process that imports all of ``fraudstream.scoring`` and creates an alert."""
    names = [module.name for module in pkgutil.walk_packages(scoring.__path__, "fraudstream.scoring.")]
    assert {"fraudstream.scoring.decider", "fraudstream.scoring.members.gru"} <= set(names)
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, json.dumps([[*ABSENT, *PROGRAMS], names])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["reasons"] > 0
    return set(found["modules"])


def test_scoring_works_without_other_packages_and_without_the_programs(loaded: set[str]) -> None:
    assert {"numpy", "xgboost"} <= loaded
    assert not {name.split(".")[0] for name in loaded} & {*ABSENT, *PROGRAMS}


def test_scoring_imports_only_the_layers_below_it(loaded: set[str]) -> None:
    layers = {name.split(".")[1] for name in loaded if name.startswith("fraudstream.")}
    assert layers == {"domain", "runtime", "scoring"}
