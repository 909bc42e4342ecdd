"""Three faults of the drill, shortened, with the code of `make drill`."""

import io

import pytest
from rich.console import Console

from drills.drill_suite import run
from drills.drill_view import DrillView
from drills.faults import FAULTS
from drills.load import Effort
from drills.verdict import Verdict

SHORT = Effort(transactions=600, rate=150, outage_s=4)
DRILLED = ("taskmanager_killed", "endpoint_gone", "throttled")


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    said = io.StringIO()
    view = DrillView(Console(file=said), len(DRILLED))
    results = run([FAULTS[name] for name in DRILLED], SHORT, view)
    assert not results.failures, said.getvalue()
    return {verdict.name: verdict for verdict in results.verdicts}


@pytest.mark.parametrize("name", DRILLED)
def test_the_job_survives_a_fault_without_loss_or_wrong_results(
    name: str, verdicts: dict[str, Verdict]
) -> None:
    verdict = verdicts[name]
    assert verdict.is_survived, verdict.complaints[:10]
    assert verdict.sent == SHORT.transactions
    assert verdict.recovery_s > 0
