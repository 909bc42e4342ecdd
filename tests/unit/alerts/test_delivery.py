"""Deliveries with a fake stream, store and handler."""

import base64
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from alerts.delivery import REFUSED_IN_A_ROW, SHOWN_WAIT_S
from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome, Refusal
from alerts.messages import Handover
from fraudstream.runtime.backoff import Backoff
from fraudstream.streams.positions import Position
from tests.kpl_records import aggregated
from tests.unit.alerts.alert_fakes import NOW_MS, Stage, fail, handler_of, ids
from tests.unit.alerts.alert_samples import alert

Answer = Callable[[Sequence[Handover]], HandlerOutcome]


def lines(path: Path) -> list[dict[str, str]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def refuse(batch: Sequence[Handover]) -> HandlerOutcome:
    return HandlerOutcome(refused=[Refusal(each, "answered 400") for each in batch])


def test_every_alert_is_handled_once_in_batches_and_in_order(stage: Stage) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(5)))
    delivery = stage.delivery()
    assert delivery.step() == 5
    assert delivery.step() == 0
    assert handler_of(stage).got == ids(0, 1, 2, 3, 4)
    assert str(delivery.counts).startswith("5 alerts handled, 0 duplicates")


def test_duplicates_are_dropped_within_a_batch_across_batches_and_across_runs(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0), alert(0), alert(1), alert(0))
    first = stage.delivery()
    first.step()
    stage.kinesis.write("s0", alert(1), alert(2))
    second = stage.delivery()
    second.step()
    assert handler_of(stage).got == ids(0, 1, 2)
    assert (first.counts.doubled, second.counts.doubled) == (2, 1)


def test_the_next_run_resumes_after_the_handled_alerts(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))
    first = stage.delivery()
    first.step()
    first.save()
    assert stage.store.positions()["s0"].sequence_number == "0"
    stage.kinesis.write("s0", alert(1))
    stage.kinesis.calls.clear()
    stage.delivery().step()
    request = next(request for name, request in stage.kinesis.calls if name == "get_shard_iterator")
    assert request["StartingSequenceNumber"] == "0"
    assert handler_of(stage).got == ids(0, 1)


def die(_batch: Sequence[Handover]) -> HandlerOutcome:
    """Handle a batch as a process that is killed at it."""
    raise KeyboardInterrupt


def test_a_stored_position_never_passes_an_unfinished_alert(stage: Stage) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(6)))

    handler_of(stage).answers = [lambda _batch: HandlerOutcome(), die]
    delivery = stage.delivery()
    with pytest.raises(KeyboardInterrupt):
        delivery.step()
    delivery.save()
    assert stage.store.positions()["s0"].sequence_number == "1"
    stage.delivery().step()
    assert handler_of(stage).got == ids(0, 1, 2, 3, 2, 3, 4, 5)


def test_a_crash_within_an_aggregated_record_loses_no_alert_of_it_and_delivers_none_twice(
    stage: Stage,
) -> None:
    stage.kinesis.write("s0", alert(0), aggregated(*((alert(number), "A1") for number in range(1, 5))))

    handler_of(stage).answers = [lambda _batch: HandlerOutcome(), die]
    delivery = stage.delivery()
    with pytest.raises(KeyboardInterrupt):
        delivery.step()
    delivery.save()
    assert stage.store.positions()["s0"].sequence_number == "0"
    again = stage.delivery()
    again.step()
    again.save()
    # The second batch was cut short by the crash, the first one was delivered.
    assert handler_of(stage).got == ids(0, 1, 2, 3, 2, 3, 4)
    assert stage.store.positions()["s0"].sequence_number == "1"


def test_a_damaged_aggregate_is_kept_whole_with_the_reason(stage: Stage) -> None:
    damaged = aggregated((alert(0), "A1"))[:-1]
    stage.kinesis.write("s0", damaged, alert(1))
    delivery = stage.delivery()
    delivery.step()
    assert (handler_of(stage).got, delivery.counts.unreadable) == (ids(1), 1)
    (kept,) = lines(stage.folder / "refused.jsonl")
    assert kept["reason"].startswith("aggregated by the Kinesis Producer Library, and damaged")
    assert (base64.b64decode(kept["raw"]), kept["sequence_number"]) == (damaged, "0")


def test_positions_are_stored_during_the_run_and_not_only_at_its_end(stage: Stage) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(6)))
    seen: list[str | None] = []

    def look(_batch: Sequence[Handover]) -> HandlerOutcome:
        position = stage.store.positions().get("s0")
        seen.append(position.sequence_number if position else None)
        return HandlerOutcome()

    handler_of(stage).answers = [look, look, look]
    stage.delivery().step()
    assert seen[0] is None
    assert seen[1:] == ["1", "3"]


def test_an_idle_stream_does_not_write_its_position_at_every_poll(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[object] = []
    monkeypatch.setattr(stage.store, "advance", stored.append)
    delivery = stage.delivery()
    for _ in range(50):
        delivery.step()
    assert len(stored) == 1


def test_a_failing_target_gets_the_alert_again_until_it_accepts_it(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0), alert(1), alert(2))
    handler_of(stage).answers = [fail, fail, fail]
    delivery = stage.delivery()
    delivery.step()
    assert handler_of(stage).got == ids(0, 1) * 4 + ids(2)
    assert (delivery.counts.handled, delivery.counts.retries) == (3, 3)


def test_the_backoff_grows_with_each_retry_up_to_a_cap(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))
    handler_of(stage).answers = [fail] * 9
    stage.delivery(backoff=Backoff(base_s=1.0, cap_s=30.0)).step()
    waits_s = stage.stop.waited_s
    assert all(later >= earlier * 0.99 for earlier, later in pairwise(waits_s[:5]))
    assert max(waits_s) <= 30
    assert min(waits_s[6:]) >= 15


def test_a_retry_after_of_the_target_is_respected(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))
    handler_of(stage).answers = [lambda batch: HandlerOutcome(again=batch, problem="429", retry_after_s=17.0)]
    stage.delivery().step()
    assert stage.stop.waited_s == [17.0]


def test_only_long_waits_are_reported(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))
    handler_of(stage).answers = [fail] * 6
    stage.delivery().step()
    long = [wait_s for wait_s in stage.stop.waited_s if wait_s >= SHOWN_WAIT_S]
    assert len(stage.said) == len(long) > 0
    assert stage.said[0].startswith("alert alert-0: answered 503; ")


def test_only_the_failed_alerts_of_a_batch_are_retried(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0), alert(1))
    known: list[bool] = []

    def look(_batch: Sequence[Handover]) -> HandlerOutcome:
        known.append(bool(stage.store.claim(["alert-0"], stage.now_ms).done))
        return HandlerOutcome()

    handler_of(stage).answers = [lambda batch: HandlerOutcome(again=batch[1:], problem="throttled"), look]
    stage.delivery().step()
    assert handler_of(stage).got == ids(0, 1, 1)
    assert known == [True]


def test_a_rejected_alert_is_written_to_the_file_and_does_not_block_the_next(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0), alert(1), alert(2))
    handler_of(stage).answers = [lambda batch: refuse(batch[:1])]
    delivery = stage.delivery()
    delivery.step()
    (entry,) = lines(stage.folder / "refused.jsonl")
    assert (entry["alert_id"], entry["reason"]) == ("alert-0", "answered 400")
    assert entry["alert"].encode() == alert(0)
    assert (delivery.counts.handled, delivery.counts.refused) == (2, 1)
    assert stage.said == ["alert alert-0 is refused: answered 400"]


def test_a_rejected_alert_is_not_retried_by_the_next_run(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))
    handler_of(stage).answers = [refuse]
    stage.delivery().step()
    stage.delivery().step()
    assert handler_of(stage).got == ids(0)


def test_a_target_that_rejects_everything_stops_the_run_and_the_backlog_stays_in_the_stream(
    stage: Stage,
) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(40)))
    handler_of(stage).answers = [refuse] * 20
    with pytest.raises(HandlerError, match="10 alerts in a row were refused; the last reason: answered 400"):
        stage.delivery().step()
    assert len(lines(stage.folder / "refused.jsonl")) == REFUSED_IN_A_ROW
    handler_of(stage).answers = []
    stage.delivery().step()
    assert handler_of(stage).got == ids(*range(40))


def test_rejections_with_successes_between_them_do_not_stop_the_run(stage: Stage) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(60)))
    handler_of(stage).answers = [lambda batch: refuse(batch[:1])] * 30
    delivery = stage.delivery()
    delivery.step()
    assert (delivery.counts.refused, delivery.counts.handled) == (30, 30)


@pytest.mark.parametrize(
    "broken", [b"\xff\x00", b"", b"[]", alert(1, alert_id=""), alert(1, alert_id="x" * 257)]
)
def test_an_invalid_record_is_written_to_the_file_with_its_bytes_and_position(
    stage: Stage, broken: bytes
) -> None:
    stage.kinesis.write("s0", broken, alert(2))
    delivery = stage.delivery()
    delivery.step()
    (entry,) = lines(stage.folder / "refused.jsonl")
    assert (entry["shard_id"], entry["sequence_number"]) == ("s0", "0")
    assert entry["raw"] == ("/wA=" if broken == b"\xff\x00" else broken.decode())
    assert handler_of(stage).got == ids(2)
    assert delivery.counts.unreadable == 1
    assert stage.said[0].startswith("unreadable record (s0, 0): ")


def test_a_stop_takes_effect_after_the_current_batch_and_the_next_run_delivers_the_backlog(
    stage: Stage,
) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(6)))

    def stop(_batch: Sequence[Handover]) -> HandlerOutcome:
        stage.stop.set()
        return HandlerOutcome()

    handler_of(stage).answers = [stop]
    delivery = stage.delivery()
    assert delivery.step() == 2
    delivery.save()
    assert stage.store.positions()["s0"].sequence_number == "1"
    stage.stop.clear()
    stage.delivery().step()
    assert handler_of(stage).got == ids(*range(6))


def test_a_stop_while_the_target_fails_leaves_the_alert_to_the_next_run(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))

    def fail_and_stop(batch: Sequence[Handover]) -> HandlerOutcome:
        stage.stop.set()
        return fail(batch)

    handler_of(stage).answers = [fail_and_stop]
    delivery = stage.delivery()
    assert delivery.step() == 0
    delivery.save()
    stage.stop.clear()
    stage.delivery().step()
    assert handler_of(stage).got == ids(0, 0)


def test_a_step_reads_at_most_the_requested_records_and_the_next_step_the_rest(stage: Stage) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(5)))
    delivery = stage.delivery()
    assert delivery.step(most=3) == 3
    delivery.save()
    assert stage.store.positions()["s0"].sequence_number == "2"
    assert delivery.step() == 2
    assert handler_of(stage).got == ids(*range(5))


def test_alerts_keep_fields_unknown_to_this_version(stage: Stage) -> None:
    stage.kinesis.write("s0", b'{\n "new": 1,\r\n' + alert(0).removeprefix(b"{"))
    stage.delivery().step()
    (body,) = handler_of(stage).bodies
    assert b"\n" not in body
    assert b"\r" not in body
    assert orjson.loads(body) == {"new": 1} | orjson.loads(alert(0))


def test_a_replay_is_marked_in_the_body_and_excludes_later_alerts(stage: Stage) -> None:
    stage.kinesis.write("s0", alert(0))
    stage.delivery(is_replay=True, end_ms=NOW_MS + 1).step()
    stage.kinesis.write("s0", alert(1))
    stage.delivery(is_replay=True, end_ms=NOW_MS).step()
    (body,) = handler_of(stage).bodies
    assert orjson.loads(body) == {"replayed": True} | orjson.loads(alert(0))


def test_the_position_in_time_is_stored_even_if_no_alert_arrives(stage: Stage) -> None:
    delivery = stage.delivery()
    delivery.step()
    delivery.save()
    assert stage.store.positions() == {"s0": Position(None, NOW_MS)}


@pytest.mark.parametrize(
    "error", [UnicodeError("x"), RecursionError(), KeyError("x"), OSError("x"), MemoryError()]
)
def test_any_exception_of_a_handler_is_a_failure_of_its_target_and_is_retried(
    stage: Stage, error: Exception
) -> None:
    stage.kinesis.write("s0", alert(0))

    def raise_it(_batch: Sequence[Handover]) -> HandlerOutcome:
        raise error

    handler_of(stage).answers = [raise_it] * 5
    delivery = stage.delivery()
    delivery.step()
    assert handler_of(stage).got == ids(0) * 6
    assert (delivery.counts.handled, delivery.counts.retries) == (1, 5)


def test_a_target_that_becomes_unusable_in_the_middle_of_a_run_is_retried(stage: Stage) -> None:
    stage.kinesis.write("s0", *(alert(number) for number in range(3)))

    def break_down(_batch: Sequence[Handover]) -> HandlerOutcome:
        msg = "AccessDenied"
        raise HandlerError(msg)

    handler_of(stage).answers = [lambda _batch: HandlerOutcome(), *[break_down] * 6]
    stage.delivery().step()
    assert handler_of(stage).got == ids(0, 1) + ids(2) * 7
    assert "AccessDenied" in stage.said[0]
