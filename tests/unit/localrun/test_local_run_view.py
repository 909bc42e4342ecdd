"""The live view in a wide and a narrow terminal."""

import io

import pytest
from rich.console import Console

from localrun.local_run_view import LocalRunView
from localrun.tally import Tally
from producer.sending_statistics import Statistics
from tests.unit.localrun.test_tally import alert, labelled, scored


def drawn(tally: Tally, width: int) -> str:
    view = LocalRunView(tally, Statistics(), wanted=1_000)
    view.stage = "sending"
    console = Console(file=io.StringIO(), width=width)
    console.print(view)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_an_alert_shows_account_amount_score_and_type_at_any_width(width: int) -> None:
    tally = Tally()
    tally.on_sent([labelled("a", "loan_fraud")], put_at_ms=0)
    tally.on_scored([scored("a")])
    shown = alert("a").model_copy(
        update={
            "account_id": "ACC_7_0000431",
            "transaction_amount_vnd": 1_234_567_890.0,
            "likely_fraud_type": "money_laundering",
            "flags": ("off_hours_flag", "high_amount_flag"),
        }
    )
    tally.on_alert(shown, arrival_ms=1)
    picture = drawn(tally, width)
    for text in ("ACC_7_0000431", "1,234,567,890 VND", "0.900", "money_laundering", "HIGH", "1 of 1,000"):
        assert text in picture


def test_control_characters_of_an_alert_are_escaped() -> None:
    tally = Tally()
    tally.on_alert(alert("a").model_copy(update={"account_id": "A\x1b[2J"}), arrival_ms=1)
    assert "\x1b[2J" not in drawn(tally, 140)


def test_a_run_that_has_just_started_shows_no_unknown_numbers() -> None:
    assert "latency p50" in drawn(Tally(), 80)
    assert "0 ms" not in drawn(Tally(), 80)
