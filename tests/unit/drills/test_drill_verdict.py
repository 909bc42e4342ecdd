"""The verdict detects every kind of damage that a fault can cause."""

from dataclasses import replace

import pytest

from drills.arrivals import Arrival
from drills.evidence import Evidence, ExpectedOutput
from drills.faults.release_faults import ADDED, UPGRADED
from drills.load import Effort, SentItem, doubled_and_late, with_broken
from drills.send_journal import Place
from drills.verdict import Verdict, judge, recovery_s
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import TransactionKey
from fraudstream.streams.protocols import Record
from tests.unit.drills.perfect_run import (
    EXPECTED,
    NOW_MS,
    SCORER,
    alert_of,
    arrivals_of,
    evidence_of,
    letter_of,
    perfect_run,
    scorer_of,
    sent_item,
    with_changed,
)


def verdict(evidence: Evidence, expected: ExpectedOutput = EXPECTED) -> Verdict:
    return judge("a_fault", expected, evidence)


def test_a_perfect_run_has_no_loss_and_no_error() -> None:
    found = verdict(perfect_run())
    assert found.to_json() == {
        "name": "a_fault",
        "sent": 150,
        "lost": 0,
        "wrong": 0,
        "alerts_doubled": 0,
        "alerts_with_new_id": 0,
        "recovery_s": 0.1,
    }
    assert found.is_survived
    assert found.complaints == []
    assert len(perfect_run().alerts) > 1


# ---- lost ----


def test_a_transaction_without_a_score_is_lost() -> None:
    run = perfect_run()
    alerts = [each for each in run.alerts if TransactionKey.of(each.content) != _last_key(run)]
    found = verdict(replace(run, scored=run.scored[:-1], alerts=alerts))
    assert (found.lost, found.wrong) == (1, 0)
    assert not found.is_survived
    assert found.complaints == [f"{_last_key(run)} has no score"]


def test_a_transaction_that_an_account_did_not_count_is_wrong_for_all_after_it() -> None:
    """The job processes the rest as if the first transaction had never arrived."""
    run = perfect_run()
    without_first = evidence_of(run.items[1:])
    found = verdict(replace(without_first, items=run.items, arrivals=arrivals_of(run.items)))
    account_id = run.items[0].transaction.account_id if run.items[0].transaction else ""
    others = [
        each for each in run.items[1:] if each.transaction and each.transaction.account_id == account_id
    ]
    assert others
    assert found.lost == 1
    assert found.wrong >= len(others)


def test_a_record_that_the_stream_never_got_is_lost() -> None:
    run = perfect_run()
    found = verdict(replace(evidence_of(run.items[:-1]), items=run.items))
    assert (found.sent, found.lost, found.wrong) == (149, 1, 0)


def test_a_score_above_the_threshold_without_an_alert_is_lost() -> None:
    run = perfect_run()
    found = verdict(replace(run, alerts=run.alerts[1:]))
    assert (found.lost, found.wrong) == (1, 0)
    assert "no alert" in found.complaints[0]


def test_an_undetected_duplicate_is_lost() -> None:
    run = evidence_of(doubled_and_late(Effort(transactions=100), NOW_MS))
    copies = [each for each in run.scored if each.content["outcome"] == "duplicate"]
    assert len(copies) > 25
    assert verdict(run).is_survived
    found = verdict(replace(run, scored=run.scored[:-1]))
    assert run.scored[-1] in copies
    assert (found.lost, found.wrong) == (1, 0)


def test_a_duplicate_that_is_reported_twice_is_wrong_unless_the_job_reads_again() -> None:
    run = evidence_of(doubled_and_late(Effort(transactions=100), NOW_MS))
    twice = replace(run, scored=[*run.scored, run.scored[-1]])
    assert verdict(twice).wrong == 1
    assert verdict(replace(twice, may_repeat=True)).is_survived


def test_an_invalid_record_without_a_dead_letter_is_lost() -> None:
    items = [item for item in with_broken(Effort(transactions=20, broken=14), NOW_MS) if item.reason]
    run = evidence_of([*perfect_run().items, *items])
    assert verdict(run).is_survived
    assert verdict(replace(run, dead_letters=run.dead_letters[1:])).lost == 1


def test_invalid_bytes_sent_twice_need_two_dead_letters() -> None:
    item = SentItem(Record(b'{"transaction_id""T"}', "key"), reason="malformed_json")
    run = evidence_of([*perfect_run().items, item, item])
    assert verdict(run).is_survived
    assert verdict(replace(run, dead_letters=[run.dead_letters[0]])).lost == 1
    twice_the_same = [run.dead_letters[0], run.dead_letters[0]]
    found = verdict(replace(run, dead_letters=twice_the_same))
    assert (found.lost, found.wrong) == (1, 1)


# ---- wrong ----


def test_a_wrong_feature_is_detected() -> None:
    run = perfect_run()
    features = run.scored[-1].content["features"]
    changed = features | {"account_count_30d": features["account_count_30d"] + 1}
    found = verdict(with_changed(run, -1 + len(run.scored), features=changed))
    assert (found.lost, found.wrong) == (0, 1)
    assert any("account_count_30d" in each for each in found.complaints)


@pytest.mark.parametrize("entity", ["account_id", "merchant_id", "counterparty_id", "device_id"])
def test_a_wrong_feature_of_any_entity_is_detected(entity: str) -> None:
    run = perfect_run()
    name = next(feature.name for feature in BUILT_IN.windows if feature.entity == entity)
    place = next(n for n, each in enumerate(run.scored) if each.content["features"][name] is not None)
    features = run.scored[place].content["features"] | {name: -7.0}
    found = verdict(with_changed(run, place, features=features))
    assert found.wrong == 1
    assert any(f"{name} is -7.0" in each for each in found.complaints)


def test_an_unexpected_null_feature_is_detected() -> None:
    run = perfect_run()
    features = run.scored[5].content["features"] | {"transaction_amount_vnd": None}
    found = verdict(with_changed(run, 5, features=features))
    assert found.wrong == 1
    assert any("transaction_amount_vnd is None" in each for each in found.complaints)


def test_a_record_with_a_missing_feature_is_wrong() -> None:
    run = perfect_run()
    features = dict(run.scored[5].content["features"])
    del features["weekend_flag"]
    assert verdict(with_changed(run, 5, features=features)).wrong == 1


def test_a_record_names_the_features_that_overflow() -> None:
    transaction = perfect_run().items[0].transaction
    assert transaction is not None
    tiny = replace(transaction, transaction_amount_vnd=1e-30, transaction_fees_vnd=1e15)
    run = evidence_of([sent_item(tiny)])
    names = run.scored[0].content["overflowing_features"]
    assert names == ["fee_to_amount_ratio"]
    assert verdict(run).is_survived
    assert verdict(with_changed(run, 0, overflowing_features=[])).wrong == 1
    content = {name: each for name, each in run.scored[0].content.items() if name != "overflowing_features"}
    assert verdict(replace(run, scored=[run.scored[0]._replace(content=content)])).wrong == 1


def test_a_score_that_differs_from_the_models_is_wrong() -> None:
    run = perfect_run()
    place = next(
        n for n, each in enumerate(run.scored) if each.content["score"] < EXPECTED.judge.threshold / 2
    )
    score = run.scored[place].content["score"]
    assert verdict(with_changed(run, place, score=score + 1e-4)).wrong == 1


def test_a_transaction_is_scored_once_unless_the_job_reads_again() -> None:
    run = perfect_run()
    twice = replace(run, scored=[run.scored[7], *run.scored])
    assert verdict(twice).wrong == 1
    assert verdict(replace(twice, may_repeat=True)).is_survived


@pytest.mark.parametrize("is_last", [True, False])
def test_each_record_of_a_transaction_is_compared(*, is_last: bool) -> None:
    run = replace(perfect_run(), may_repeat=True)
    content = run.scored[7].content
    changed = content["features"] | {"account_count_30d": 99.0}
    wrong = run.scored[7]._replace(content=content | {"features": changed})
    scored = [*run.scored, wrong] if is_last else [wrong, *run.scored]
    assert verdict(replace(run, scored=scored)).wrong == 1


def test_a_killed_job_may_have_seen_a_merchants_transactions_in_another_order() -> None:
    run, place = replace(perfect_run(), may_repeat=True), _place_of_a_shared_entity("merchant_id")
    content = run.scored[place].content
    ordinals = content["ordinals"] | {"merchant_id": content["ordinals"]["merchant_id"] + 1}
    other = run.scored[place]._replace(content=content | {"ordinals": ordinals})
    assert verdict(replace(run, scored=[other, *run.scored])).is_survived
    ordinals = content["ordinals"] | {"account_id": content["ordinals"]["account_id"] + 1}
    other = run.scored[place]._replace(content=content | {"ordinals": ordinals})
    assert verdict(replace(run, scored=[other, *run.scored])).wrong == 1


def test_an_account_whose_transactions_are_processed_in_another_order_is_wrong() -> None:
    run = perfect_run()
    reverse = evidence_of(list(reversed(run.items)))
    assert verdict(replace(reverse, arrivals=run.arrivals)).wrong > 20


@pytest.mark.parametrize(("devices", "is_wrong"), [(("D", "D"), True), (("D", "E"), False)])
def test_a_merchant_may_see_an_accounts_transactions_in_another_order_if_their_devices_differ(
    devices: tuple[str, str], *, is_wrong: bool
) -> None:
    transactions = [
        replace(each.transaction, account_id="A", merchant_id="M", device_id=device)
        for each, device in zip(perfect_run().items[:2], devices, strict=True)
        if each.transaction
    ]
    run = evidence_of([sent_item(each) for each in transactions])
    ordinals = [each.content["ordinals"] for each in run.scored]
    assert [each["merchant_id"] for each in ordinals] == [1, 2]
    changed = with_changed(run, 0, ordinals=ordinals[0] | {"merchant_id": 2})
    changed = with_changed(changed, 1, ordinals=ordinals[1] | {"merchant_id": 1})
    complaints = verdict(changed).complaints
    assert any("against the order of their account" in each for each in complaints) == is_wrong


def test_a_scored_transaction_that_was_never_sent_is_wrong() -> None:
    run = perfect_run()
    stranger = run.scored[0]._replace(content=run.scored[0].content | {"transaction_id": "STRANGER"})
    assert verdict(replace(run, scored=[*run.scored, stranger])).wrong == 1


def test_a_dead_letter_with_a_wrong_reason_is_wrong() -> None:
    item = SentItem(Record(b'{"transaction_id""T"}', "key"), reason="malformed_json")
    run = evidence_of([*perfect_run().items, item])
    found = verdict(replace(run, dead_letters=[letter_of(run.arrivals[-1], "oversize")]))
    assert (found.lost, found.wrong) == (0, 1)


def test_a_dead_letter_of_a_valid_transaction_is_wrong() -> None:
    run = perfect_run()
    assert verdict(replace(run, dead_letters=[letter_of(run.arrivals[0], "late")])).wrong == 1


def test_each_record_is_compared_under_the_catalogue_of_its_own_job() -> None:
    """Score one half with a job that has a feature less, the other half with its successor."""
    run = evidence_of(perfect_run().items, UPGRADED)
    half = len(run.scored) // 2
    scored = [*perfect_run().scored[:half], *run.scored[half:]]
    upgraded = replace(run, scored=scored)
    expected = ExpectedOutput.of([(BUILT_IN, SCORER), (UPGRADED, scorer_of(UPGRADED))])
    assert verdict(upgraded, expected).is_survived
    assert verdict(upgraded).wrong == len(scored) - half
    assert verdict(with_changed(upgraded, 0, catalogue_version=UPGRADED.version), expected).wrong >= 1
    features = scored[-1].content["features"] | {ADDED.name: 7.0}
    assert verdict(with_changed(upgraded, len(scored) - 1, features=features), expected).wrong == 1


# ---- alerts ----


def test_a_duplicate_alert_is_counted_but_allowed() -> None:
    run = replace(perfect_run(), may_repeat=True)
    found = verdict(replace(run, alerts=[*run.alerts, run.alerts[0]]))
    assert (found.alerts_doubled, found.alerts_with_new_id) == (1, 0)
    assert found.is_survived


def test_a_duplicate_alert_is_wrong_if_the_job_read_nothing_again() -> None:
    run = perfect_run()
    assert verdict(replace(run, alerts=[*run.alerts, run.alerts[0]])).wrong == 1


def test_an_alert_that_never_reached_the_consumers_handler_is_lost() -> None:
    run = perfect_run()
    found = verdict(replace(run, handed_out=run.alerts[1:]))
    assert (found.lost, found.wrong, found.alerts_doubled) == (1, 0, 0)
    assert found.complaints == [f"alert {run.alerts[0].content['alert_id']} was not delivered"]


def test_duplicates_are_counted_at_the_consumers_handler_and_not_in_the_stream() -> None:
    run = perfect_run()
    twice = replace(run, alerts=[*run.alerts, *run.alerts])
    assert verdict(replace(twice, handed_out=run.alerts)).alerts_doubled == 0
    assert verdict(replace(run, handed_out=twice.alerts)).alerts_doubled == len(run.alerts)
    new = run.alerts[0]._replace(content=run.alerts[0].content | {"alert_id": "0" * 32, "score": 0.123})
    found = verdict(replace(run, handed_out=[*run.alerts, new]))
    assert (found.alerts_with_new_id, found.wrong) == (1, 1)


def test_an_alert_under_a_new_id_is_detected() -> None:
    run = perfect_run()
    new = run.alerts[0]._replace(content=run.alerts[0].content | {"alert_id": "0" * 32})
    found = verdict(replace(run, alerts=[*run.alerts, new]))
    assert (found.alerts_doubled, found.alerts_with_new_id) == (0, 1)
    assert not found.is_survived


def test_an_alert_for_a_score_below_the_threshold_counts_as_a_new_id() -> None:
    run = perfect_run()
    below = next(each for each in run.scored if each.content["score"] < EXPECTED.judge.threshold)
    alert = alert_of(run, TransactionKey.of(below.content))
    assert verdict(replace(run, alerts=[*run.alerts, below._replace(content=alert)])).alerts_with_new_id == 1


def test_an_alert_with_another_score_than_its_transaction_is_wrong() -> None:
    run = perfect_run()
    changed = run.alerts[0]._replace(content=run.alerts[0].content | {"score": 0.123})
    assert verdict(replace(run, alerts=[changed, *run.alerts[1:]])).wrong == 1


# ---- recovery ----


def waits(began_ms: int, ended_ms: int, tried_ms: int, scored_ms: int) -> float:
    """Return the recovery for one transaction, tried and scored at these times."""
    run = perfect_run()
    arrival = Arrival(run.items[0], Place("shard", "1"), tried_ms, tried_ms)
    scored = run.scored[0]._replace(arrival_ms=scored_ms)
    return recovery_s(replace(run, began_ms=began_ms, ended_ms=ended_ms, arrivals=[arrival], scored=[scored]))


@pytest.mark.parametrize(
    ("tried_ms", "scored_ms", "recovery"),
    [
        (500, 900, 0.0),  # scored before the fault
        (900, 4_000, 1.0),  # in transit when the fault began: counts from the fault's end
        (1_500, 2_500, 0.0),  # scored during the fault
        (2_000, 6_000, 3.0),  # sent during the fault
        (5_000, 6_000, 1.0),  # sent after it: counts from its own sending time
    ],
)
def test_recovery_is_the_longest_wait_after_the_fault(tried_ms: int, scored_ms: int, recovery: float) -> None:
    assert waits(1_000, 3_000, tried_ms, scored_ms) == recovery


def test_in_a_consumer_drill_the_alert_ends_the_wait_and_not_the_score() -> None:
    run = perfect_run()
    alert = run.alerts[-1]
    late = [*run.alerts[:-1], alert._replace(arrival_ms=alert.arrival_ms - 100 + 7_000)]
    assert recovery_s(replace(run, handed_out=late)) == 7.0


def test_of_several_records_the_first_ends_the_wait() -> None:
    run = perfect_run()
    late_copy = run.scored[0]._replace(arrival_ms=NOW_MS + 900_000)
    assert recovery_s(replace(run, scored=[*run.scored, late_copy])) == recovery_s(run)


def _last_key(run: Evidence) -> TransactionKey:
    return TransactionKey.of(run.scored[-1].content)


def _place_of_a_shared_entity(entity: str) -> int:
    return next(n for n, each in enumerate(perfect_run().scored) if entity in each.content["ordinals"])
