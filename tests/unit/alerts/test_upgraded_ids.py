"""An upgrade gives alerts other ids. What the earlier release delivered is recognised, in each kind of store.

An earlier release knew an alert by its transaction's id and the model version alone, and the store has
nothing else: not the account, but the time.
"""

from pathlib import Path

import orjson
import pytest

from alerts.delivery import Delivery
from alerts.earlier_ids import CLOCK_MARGIN_MS
from alerts.store.progress_store import ProgressStore, StoreError
from fraudstream.domain.alert import alert_id_1
from fraudstream.domain.transaction import format_time
from tests.unit.alerts.alert_fakes import NOW_MS, FakeHandler, RetainingKinesis, Stage
from tests.unit.alerts.alert_samples import review
from tests.unit.alerts.failing_store import FailingStore, enduring
from tests.unit.alerts.two_schemas import ARRIVED_MS, earlier, id_of, today

PAST_MARGIN_MS = NOW_MS + CLOCK_MARGIN_MS + 1


@pytest.fixture
def stage(store: ProgressStore, tmp_path: Path) -> Stage:
    return Stage(RetainingKinesis("s0"), store, FakeHandler(batch_size=10), tmp_path)


def delivered(stage: Stage, *records: bytes) -> tuple[list[str], Delivery]:
    """Let a new run read the records; return the ids that its handler gets."""
    handler = FakeHandler(batch_size=10)
    stage.handler = handler
    stage.kinesis.write("s0", *records)
    delivery = stage.delivery()
    delivery.step()
    return handler.got, delivery


def test_what_the_earlier_release_delivered_is_not_delivered_again(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    got, delivery = delivered(stage, today("A1", "T1"), today("A1", "T2"))
    assert got == [id_of("A1", "T2")]
    assert (delivery.counts.handled, delivery.counts.doubled) == (1, 1)


def test_a_review_alert_is_no_copy_of_the_score_that_an_earlier_release_delivered(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    late = review(
        1, account_id="A1", transaction_id="T1", arrival_time=format_time(ARRIVED_MS), model_version="v1"
    )
    got, _ = delivered(stage, earlier("A1", "T1"), late)
    assert got == [orjson.loads(late)["alert_id"]]


def test_what_is_recognised_is_known_by_its_own_id_from_then_on(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    delivered(stage, today("A1", "T1"))
    assert set(stage.store.claim([id_of("A1", "T1")], NOW_MS).done) == {id_of("A1", "T1")}


def test_a_transaction_that_arrived_after_the_delivery_is_another_one(stage: Stage) -> None:
    """Ids count per account: one that comes later, of whichever account, is delivered."""
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    got, _ = delivered(
        stage, today("A2", "T1", arrived_ms=PAST_MARGIN_MS), today("A3", "T1", arrived_ms=NOW_MS)
    )
    assert got == [id_of("A2", "T1")]


def test_a_consumer_whose_clock_was_behind_the_streams_recognises_what_it_delivered(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    assert delivered(stage, today("A1", "T1", arrived_ms=PAST_MARGIN_MS - 1))[0] == []


def test_without_an_arrival_the_event_time_decides(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    of_before = today("A1", "T1", arrival_time=None, event_time=format_time(NOW_MS))
    of_after = today("A2", "T1", arrival_time=None, event_time=format_time(PAST_MARGIN_MS))
    assert delivered(stage, of_before, of_after)[0] == [id_of("A2", "T1")]


def test_alerts_of_this_release_never_stand_for_those_of_other_accounts(stage: Stage) -> None:
    """Three accounts share their ids: nine transactions, nine alerts."""
    keys = [(account, number) for account in ("A1", "A2", "A3") for number in ("000001", "000002", "000003")]
    got, _ = delivered(stage, *(today(*key) for key in keys))
    assert got == [id_of(*key) for key in keys]
    assert len(set(got)) == 9
    assert delivered(stage, *(today(*key) for key in keys))[0] == []


def test_another_model_version_is_another_alert_as_ever(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v0")], NOW_MS)
    assert delivered(stage, today("A1", "T1"))[0] == [id_of("A1", "T1")]


def test_alerts_of_both_releases_in_the_stream_are_delivered_once(stage: Stage) -> None:
    old = alert_id_1("T1", "v1")
    assert delivered(stage, earlier("A1", "T1"), today("A1", "T1"))[0] == [old]
    assert delivered(stage, today("A1", "T1"), earlier("A1", "T1"))[0] == []


def test_an_alert_of_the_earlier_release_is_delivered_under_its_own_id(stage: Stage) -> None:
    old = alert_id_1("T1", "v1")
    assert delivered(stage, earlier("A1", "T1"))[0] == [old]
    assert delivered(stage, earlier("A1", "T1"))[0] == []
    assert delivered(stage, today("A1", "T1"))[0] == []


def test_earlier_ids_are_recognised_after_an_outage_of_the_store(stage: Stage) -> None:
    stage.store.finish([alert_id_1("T1", "v1")], NOW_MS)
    failing = FailingStore(stage.store)
    stage.store = enduring(failing)
    stage.store.begin(None)
    failing.faults = [StoreError("down")] * 3
    assert delivered(stage, today("A1", "T1"), today("A1", "T2"))[0] == [id_of("A1", "T2")]
    assert not failing.faults


def test_earlier_ids_are_looked_up_before_the_claim(stage: Stage) -> None:
    """The lease of a claim would end while an outage delays the lookup, and two consumers would deliver."""
    recording = FailingStore(stage.store)
    stage.store = recording
    delivered(stage, today("A1", "T1"))
    assert recording.calls.index("handled_ms") < recording.calls.index("claim")


def test_a_store_says_when_ids_were_handled(store: ProgressStore) -> None:
    store.claim(["a", "b"], NOW_MS)
    store.finish(["a"], NOW_MS + 5)
    assert store.handled_ms(["a", "b", "c"]) == {"a": NOW_MS + 5}
    assert store.handled_ms([]) == {}
