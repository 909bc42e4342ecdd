"""Damage that an earlier verdict did not notice: it believed the job about what the job had received."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drills.evidence import Evidence
from drills.live_job import WrittenRecord
from drills.load import Effort, doubled_and_late
from drills.verdict import judge
from tests.unit.drills.perfect_run import EXPECTED, NOW_MS, evidence_of, perfect_run, run_of_every_kind

Content = dict[str, Any]


def with_each(records: Any, change: Callable[[Content], Content]) -> list[WrittenRecord]:  # noqa: ANN401
    return [each._replace(content=change(each.content)) for each in records]


def other_account(run: Evidence) -> Evidence:
    return replace(run, alerts=with_each(run.alerts, lambda each: each | {"account_id": "ANOTHER"}))


def other_facts(run: Evidence) -> Evidence:
    others: Content = {
        "transaction_amount_vnd": 1.0,
        "event_time": "1970-01-01T00:00:00Z",
        "model_version": "v0",
        "risk_level": "medium",
        "reasons": [],
        "flags": [],
        "features": {},
        "threshold": 0.0,
    }
    return replace(run, alerts=with_each(run.alerts, lambda each: each | others))


def empty_bodies(run: Evidence) -> Evidence:
    kept = ("alert_id", "transaction_id", "score")
    return replace(run, handed_out=with_each(run.alerts, lambda each: {name: each[name] for name in kept}))


def letters_without_bytes(run: Evidence) -> Evidence:
    lost = {"raw": "", "encoding": "utf-8", "truncated": True}
    return replace(run, dead_letters=with_each(run.dead_letters, lambda each: each | lost))


def letters_twice(run: Evidence) -> Evidence:
    return replace(run, dead_letters=[*run.dead_letters, *run.dead_letters])


def wrong_facts_of_scores(run: Evidence) -> Evidence:
    gone = ("account_id", "event_time", "arrival_time")

    def change(content: Content) -> Content:
        kept = {name: each for name, each in content.items() if name not in gone}
        return kept | {"account_id": "X", "event_time": "1970-01-01T00:00:00Z"}

    return replace(run, scored=with_each(run.scored, change))


def reverse_order(run: Evidence) -> Evidence:
    """Return the output of a job that saw each account's transactions in the reverse order."""
    by_account: dict[str, list[Any]] = {}
    for item in run.items:
        if item.transaction:
            by_account.setdefault(item.transaction.account_id, []).append(item)
    in_reverse = [
        by_account[item.transaction.account_id].pop() if item.transaction else item for item in run.items
    ]
    return replace(evidence_of(in_reverse), items=run.items, arrivals=run.arrivals)


def duplicates_three_times(run: Evidence) -> Evidence:
    copies = [each for each in run.scored if each.content["outcome"] == "duplicate"]
    assert copies
    return replace(run, scored=[*run.scored, *copies, *copies])


@pytest.mark.parametrize(
    "damage",
    [
        other_account,
        other_facts,
        empty_bodies,
        letters_without_bytes,
        letters_twice,
        wrong_facts_of_scores,
        duplicates_three_times,
    ],
)
def test_the_damage_is_found(damage: Callable[[Evidence], Evidence]) -> None:
    run = run_of_every_kind()
    assert judge("right", EXPECTED, run).is_survived
    assert not judge("damaged", EXPECTED, damage(run)).is_survived


def test_an_account_processed_in_reverse_is_found() -> None:
    run = perfect_run()
    assert not judge("reverse", EXPECTED, reverse_order(run)).is_survived


def test_copies_that_are_reported_again_and_again_are_found() -> None:
    run = evidence_of(doubled_and_late(Effort(transactions=100), NOW_MS))
    assert judge("right", EXPECTED, run).is_survived
    assert not judge("damaged", EXPECTED, duplicates_three_times(run)).is_survived
