"""Edge cases and types of fraud by name: the rows that they produce, and the errors of a command line."""

from collections import defaultdict
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import Transaction
from producer.__main__ import app
from producer.simulation import DEFAULT_FRAUD_MIX, LabelledTransaction, TrafficOptions, generate
from producer.traffic_choices import EDGE_CASES, FRAUD_NAMES, traffic_choices

START_MS = 1_767_200_400_000
COUNT = 5_000


def made(*, edge_cases: tuple[str, ...] = (), fraud_types: tuple[str, ...] = ()) -> list[LabelledTransaction]:
    chosen = traffic_choices(edge_cases, fraud_types)
    options = TrafficOptions(start_ms=START_MS, accounts=300, **{"fraud_share": 0.1} | chosen)
    return list(islice(generate(options), COUNT))


def share(traffic: list[LabelledTransaction], holds: Callable[[Transaction], bool]) -> float:
    return float(np.mean([holds(each.transaction) for each in traffic]))


@pytest.fixture(scope="module")
def usual() -> list[LabelledTransaction]:
    return made()


@pytest.mark.parametrize(
    ("edge_case", "holds", "least"),
    [
        ("failed=0.2", lambda t: t.status == "declined", 0.18),
        ("international=0.5", lambda t: t.country not in {None, "VN"}, 0.1),
        ("foreign-currency=0.2", lambda t: t.currency not in {None, "VND"}, 0.18),
        ("high-value=0.2", lambda t: t.transaction_amount_vnd >= 1e8 and t.status == "completed", 0.2),
        ("extreme=0.2", lambda t: t.transaction_amount_vnd >= 1e10, 0.05),
        ("missing=0.2", lambda t: t.channel is None, 0.18),
    ],
)
def test_an_edge_case_adds_its_share_of_such_transactions(
    usual: list[LabelledTransaction], edge_case: str, holds: Callable[[Transaction], bool], least: float
) -> None:
    assert share(made(edge_cases=(edge_case,)), holds) - share(usual, holds) > least * 0.9


def test_high_value_payments_are_honest_and_covered_by_money_that_came_in() -> None:
    found = [t for t, label in made(edge_cases=("high-value=0.2",)) if not label.is_fraud]
    paid = [t for t in found if t.transaction_type == "transfer" and t.transaction_amount_vnd >= 1e8]
    assert len(paid) / COUNT > 0.1
    assert np.mean([t.status == "completed" for t in paid]) > 0.9


def test_high_value_payments_do_not_change_the_rate_of_the_traffic(usual: list[LabelledTransaction]) -> None:
    span_ms = made(edge_cases=("high-value=0.3",))[-1].transaction.event_time_ms - START_MS
    assert span_ms == pytest.approx(usual[-1].transaction.event_time_ms - START_MS, rel=0.15)


def by_account(traffic: list[LabelledTransaction]) -> dict[str, list[LabelledTransaction]]:
    found: defaultdict[str, list[LabelledTransaction]] = defaultdict(list)
    for each in traffic:
        found[each.transaction.account_id].append(each)
    return found


def frauds(traffic: list[LabelledTransaction]) -> dict[str, list[Transaction]]:
    return {
        account: [t for t, label in own if label.is_fraud]
        for account, own in by_account(traffic).items()
        if any(label.is_fraud for _, label in own)
    }


def test_velocity_fraud_is_many_transactions_of_an_account_within_five_minutes() -> None:
    counts = [
        max(sum(0 <= t.event_time_ms - first.event_time_ms < 5 * MINUTE_MS for t in own) for first in own)
        for own in frauds(made(fraud_types=("velocity=1",))).values()
    ]
    assert len(counts) > 20
    assert np.mean([count > 12 for count in counts]) > 0.8


def test_location_fraud_is_in_another_city_than_the_account_was_before() -> None:
    elsewhere = []
    for own in by_account(made(fraud_types=("location=1",))).values():
        cities = [(t.city, label.is_fraud) for t, label in own if t.city is not None]
        elsewhere += [
            before[0] != after[0] for before, after in pairwise(cities) if after[1] and not before[1]
        ]
    assert len(elsewhere) > 50
    assert np.mean(elsewhere) > 0.9


def test_an_unusual_amount_is_far_above_what_the_account_pays_otherwise() -> None:
    ratios = []
    for own in by_account(made(fraud_types=("unusual-amount=1",))).values():
        honest = [t.transaction_amount_vnd for t, label in own if not label.is_fraud]
        ratios += [
            t.transaction_amount_vnd / np.median(honest) for t, label in own if label.is_fraud and honest
        ]
    assert len(ratios) > 50
    assert np.mean([ratio > 10 for ratio in ratios]) > 0.95


def test_fraud_types_are_mixed_by_their_weights_and_no_others_occur() -> None:
    chosen = traffic_choices(None, ("velocity=3", "fee_manipulation=1", "loan_fraud=4"))
    assert {name: share for name, share in chosen["fraud_mix"].items() if share} == {
        "fee_manipulation": 0.5,
        "loan_fraud": 0.5,
    }
    found = {label.fraud_type for _, label in made(fraud_types=("location=1",))}
    assert found == {None, "account_takeover"}


def test_without_choices_the_traffic_is_the_default() -> None:
    assert traffic_choices(None, None) == {}
    assert TrafficOptions(start_ms=0).fraud_mix == DEFAULT_FRAUD_MIX


def test_every_fraud_type_can_be_chosen_by_its_own_name() -> None:
    assert set(FRAUD_TYPES) <= set(FRAUD_NAMES)
    assert all(hasattr(TrafficOptions(start_ms=0), field) for field in EDGE_CASES.values())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--edge-case", "rare=0.1"], "unknown name 'rare'; use one of failed, international"),
        (["--edge-case", "failed"], "--edge-case failed: '' is not a number of 0 or more; write failed=0.1"),
        (["--edge-case", "failed=nan"], "'nan' is not a number of 0 or more"),
        (["--edge-case", "failed=-0.1"], "'-0.1' is not a number of 0 or more"),
        (["--edge-case", "failed=1.5"], "--edge-case failed=1.5: give a share from 0 to 1"),
        (["--edge-case", "late=0.1", "--edge-case", "late=0.2"], "late is given twice"),
        (["--fraud-type", "theft=1"], "unknown name 'theft'; use one of velocity, location"),
        (["--fraud-type", "velocity=0"], "all weights are 0"),
    ],
)
@pytest.mark.parametrize("command", ["stream", "load", "csv", "parquet"])
def test_a_choice_that_can_not_be_read_is_rejected_with_the_fix(
    command: str, arguments: list[str], says: str
) -> None:
    said = CliRunner().invoke(app, [command, *arguments, *(["--count", "1"] if command != "stream" else [])])
    assert said.exit_code == 2
    assert says.replace(" ", "") in "".join(said.output.replace("│", " ").split())


def test_choices_are_of_the_simulated_bank_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    said = CliRunner().invoke(app, ["stream", "--source", str(path), "--edge-case", "failed=0.1"])
    assert said.exit_code == 2
    assert "--edge-case: only for the simulated bank" in " ".join(said.output.replace("│", " ").split())


def test_the_commands_pass_their_choices_on(tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    arguments = ["--count", "500", "--edge-case", "failed=1", "--fraud-type", "velocity=1"]
    said = CliRunner().invoke(app, ["csv", *arguments, "--fraud-share", "0.3", "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert '"completed"' not in out.read_text()
    assert set(FRAUD_TYPES) & set(out.with_suffix(".truth.csv").read_text().replace('"', "").split(",")) == {
        "fee_manipulation"
    }
