"""A killed job's alerts without a score are compared as far as the account determines them."""

from dataclasses import replace
from typing import Any

import pytest

from drills.evidence import Evidence
from drills.live_job import WrittenRecord
from drills.verdict import Verdict, judge
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import TransactionKey
from tests.unit.drills.perfect_run import EXPECTED, alert_of, perfect_run, with_changed


def verdict(evidence: Evidence) -> Verdict:
    return judge("a_fault", EXPECTED, evidence)


def alert_with(run: Evidence, record: WrittenRecord, features: dict[str, float]) -> WrittenRecord | None:
    """Return the alert of a scored transaction if its features were others; None if it were due none."""
    changed = with_changed(run, run.scored.index(record), features=record.content["features"] | features)
    key = TransactionKey.of(record.content)
    if alert_of(changed, key)["score"] < EXPECTED.judge.threshold:
        return None
    content = alert_of(changed, key, EXPECTED.judge.threshold)
    return record._replace(content=content, arrival_ms=record.arrival_ms - 1)


OWN = frozenset({"account_id"})
SHARED = dict.fromkeys((name for name in BUILT_IN.names if BUILT_IN.entities_behind[name] - OWN), 77.0)
"""Features of devices, merchants and counterparties, with a value that no transaction of the run has."""


def run_with_a_killed_job(**changed: Any) -> Evidence:  # noqa: ANN401 - whatever an alert has
    """Return a run in which a killed job alerted on other shared features and did not write the record."""
    run = replace(perfect_run(), may_repeat=True)
    due = {TransactionKey.of(each.content) for each in run.alerts}
    found = (alert_with(run, each, SHARED) for each in run.scored if TransactionKey.of(each.content) in due)
    killed = next(each for each in found if each is not None)
    return replace(run, alerts=[killed._replace(content=killed.content | changed), *run.alerts])


def test_a_killed_job_may_have_alerted_and_not_written_the_score() -> None:
    """It may have seen the transactions of a device, a merchant or a counterparty in another order."""
    run = run_with_a_killed_job()
    alert = verdict(run)
    assert (alert.complaints, alert.alerts_doubled) == ([], 1)
    first = run.alerts[0].content
    scores = {each.content["score"] for each in run.alerts if each.content["alert_id"] == first["alert_id"]}
    assert len(scores) == 2
    assert not verdict(replace(run, may_repeat=False)).is_survived
    last = run.alerts[0]._replace(arrival_ms=run.alerts[0].arrival_ms + 2)
    assert verdict(replace(run, alerts=[*run.alerts[1:], last])).wrong == 1


@pytest.mark.parametrize("field", sorted(run_with_a_killed_job().alerts[0].content))
def test_such_an_alert_is_compared_as_far_as_the_account_determines_it(field: str) -> None:
    own = run_with_a_killed_job().alerts[0].content[field]
    free = {None} if field == "likely_fraud_type" else set()
    for value in {None, "x", 0.001, 99.0} - free:
        found = verdict(run_with_a_killed_job(**{field: value}))
        assert (found.wrong + found.alerts_with_new_id > 0) == (value != own), value


@pytest.mark.parametrize(
    "changed",
    [
        {"reasons": []},
        {"reasons": [{"feature": "account_count_5m"}]},
        {"features": {}},
        {"features": {"account_count_5m": 99.0}},
        {"flags": ["weekend_flag"]},
    ],
    ids=str,
)
def test_such_an_alert_has_the_features_of_its_account(changed: dict[str, Any]) -> None:
    assert verdict(run_with_a_killed_job(**changed)).wrong == 1
