"""Refused records in a live job: all are accounted for, and neither they nor a failing sink delay alerts."""

import hashlib
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from drills.endpoint import Answer, FaultyEndpoint, with_refused
from drills.live_job import Followed
from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from jobs.job_settings import JobSettings
from localrun.job_process import JobProcess, job_process
from localstack.streams import create_streams
from tests.kpl_records import aggregated
from tests.stack.stack_helpers import settings_with_own_streams

PATIENCE_S = 120.0
BRACES = b"{\n" * (1 << 18)
"""A quarter of a million invalid records in one."""
LETTERS_OF_A_RECORD = 100
FLOOD_PARTS = 18_000
FLOOD = b"\n".join(b'{"account_id":"F1","transaction_id":"F%05d",x' % n for n in range(FLOOD_PARTS))
"""A stream record that takes as long to split as one can: invalid parts with ids, which are searched for."""
FLOODS = 10
KPL_RECORD = (ROOT / "kernel/core/src/test/resources/kpl-record.bin").read_bytes()
"""Three transactions of two accounts. The oldest ones of the stream, lest they be late."""
DAMAGED = aggregated((b'{"transaction_id":"D1"}\n{"transaction_id":"D2"}', "A1"))[:-1]
MISKEYED = aggregated((b'{"transaction_id":"M1"}', "A1"), index_offset=7)
OPTIONS = ("--alert-threshold", "0", "--checkpoint-interval", "1s", "--python-mode", "thread")


class PartlyFailingEndpoint(FaultyEndpoint):
    """A proxy that leaves writes to one stream unanswered and throttles those to another, until released."""

    def __init__(self, target_url: str) -> None:
        super().__init__(target_url, seed=1)
        self.hanging_stream = ""
        self.throttled_stream = ""
        self.released = threading.Event()
        self.held = 0

    def answer(self, upstream: http.client.HTTPConnection, call: Any) -> Answer | None:  # noqa: ANN401 - private type
        """Hold back or throttle a write to one of the two streams; forward any other call."""
        if self.released.is_set() or not call.headers.get("X-Amz-Target", "").endswith(".PutRecords"):
            return super().answer(upstream, call)
        request = json.loads(call.body)
        name = request.get("StreamName") or request["StreamARN"].rpartition("/")[2]
        if name == self.hanging_stream:
            self.held += 1
            self.released.wait(PATIENCE_S)
        elif name == self.throttled_stream:
            self.throttled += 1
            content = with_refused({"Records": []}, [True] * len(request["Records"]))
            headers = [("Content-Type", "application/x-amz-json-1.1")]
            return Answer(http.HTTPStatus.OK, headers, json.dumps(content).encode())
        return super().answer(upstream, call)


@dataclass(frozen=True)
class Outputs:
    """Output of the job while two of its sinks failed (``during``) and after they recovered."""

    alerts_during: list[dict[str, Any]]
    written_during: int
    checkpoints_during: int
    alerts: list[dict[str, Any]]
    letters: list[dict[str, Any]]
    scored: list[dict[str, Any]]
    flood: "Flood"

    def reviews(self) -> dict[str, str]:
        """Return the reasons of the review alerts by transaction."""
        found = [alert for alert in self.alerts if alert["kind"] == "review"]
        return {alert["transaction_id"]: alert["review"]["reason"] for alert in found}


@dataclass(frozen=True)
class Flood:
    """Output of the job for `FLOODS` records of `FLOOD`, sent one after the other."""

    checkpoints: int
    """Checkpoints completed before the transaction behind them had its alert."""
    letters: list[DeadLetter]
    alerts: list[Alert]


class Live:
    """A running job, and its streams."""

    def __init__(self, settings: JobSettings, job: JobProcess) -> None:
        self._job = job
        self._writer = StreamWriter(kinesis_client(settings), settings.transactions_stream)
        self._alerts = Followed(settings, settings.alerts_stream)
        self._letters = Followed(settings, settings.dead_letters_stream)
        self._scored = Followed(settings, settings.scored_stream)

    def send(self, *records: bytes) -> None:
        # Under one key, so in one shard and in this order.
        assert not self._writer.put([Record(each, "a key") for each in records]).failures

    def wait(self, what: str, is_there: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not is_there():
            self._job.check()
            assert time.monotonic() < deadline_s, f"waited {PATIENCE_S:.0f} s for {what}"
            time.sleep(0.1)

    def wait_for_alerts(self, *ids: str) -> None:
        self.wait(f"alerts of {ids}", lambda: set(ids) <= {each["transaction_id"] for each in self.alerts()})

    def wait_for_checkpoints(self, more: int) -> int:
        before = self._job.completed_checkpoints()
        self.wait("checkpoints", lambda: self._job.completed_checkpoints() >= before + more)
        return self._job.completed_checkpoints() - before

    def completed_checkpoints(self) -> int:
        return self._job.completed_checkpoints()

    def alerts(self) -> list[dict[str, Any]]:
        return contents(self._alerts)

    def letters(self) -> list[dict[str, Any]]:
        return contents(self._letters)

    def scored(self) -> list[dict[str, Any]]:
        return contents(self._scored)


def contents(followed: Followed) -> list[dict[str, Any]]:
    followed.read()
    return [each.content for each in followed.records]


def transaction(id_: str, **changes: object) -> bytes:
    record = {
        "transaction_id": id_,
        "event_time": format_time(wall_clock_ms()),
        "account_id": "A1",
        "transaction_amount_vnd": 1_000,
    }
    return json.dumps(record | changes).encode()


@pytest.fixture(scope="module")
def outputs(embedded_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outputs]:
    endpoint = PartlyFailingEndpoint(embedded_url)
    with pytest.MonkeyPatch.context() as patch:
        settings = settings_with_own_streams(embedded_url, patch)
        create_streams(kinesis_client(settings), settings, wait_s=60)
        endpoint.hanging_stream = settings.dead_letters_stream
        endpoint.throttled_stream = settings.scored_stream
        patch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        with job_process(OPTIONS, tmp_path_factory.mktemp("refused") / "job.log") as job:
            job.wait_until_reading(threading.Event())
            try:
                yield during_and_after(Live(settings, job), endpoint)
            finally:
                endpoint.released.set()
                endpoint.close()


def during_and_after(live: Live, endpoint: PartlyFailingEndpoint) -> Outputs:
    live.send(
        KPL_RECORD,
        transaction("first"),
        transaction("absurd", biometric_failure_count=1e39),
        aggregated(*((transaction(f"kpl-{each}", account_id=f"K{each}"), f"K{each}") for each in range(20))),
        DAMAGED,
        MISKEYED,
        BRACES,
        transaction("behind"),
    )
    live.wait_for_alerts("behind", "absurd")
    live.wait("a write that fails for each stream", lambda: endpoint.held > 0 and endpoint.throttled > 0)
    checkpoints = live.wait_for_checkpoints(2)
    live.send(transaction("after"), b"{")
    live.wait_for_alerts("after")
    alerts_during, written_during = live.alerts(), len(live.letters()) + len(live.scored())
    endpoint.released.set()
    live.wait("scored transactions", lambda: {each["transaction_id"] for each in live.scored()} >= SOUND)
    live.wait("dead letters", lambda: len(live.letters()) >= LETTERS)
    outputs = live.alerts(), live.letters(), live.scored()
    return Outputs(alerts_during, written_during, checkpoints, *outputs, flood=flooded(live))


def flooded(live: Live) -> Flood:
    before, before_it = live.completed_checkpoints(), live.letters()
    live.send(*[FLOOD] * FLOODS, transaction("after the flood"))
    live.wait_for_alerts("after the flood")
    checkpoints = live.completed_checkpoints() - before
    expected = LETTERS + FLOODS * (LETTERS_OF_A_RECORD + 1)
    live.wait("dead letters of the flood", lambda: len(live.letters()) >= expected)
    letters = [DeadLetter.model_validate(each) for each in live.letters() if each not in before_it]
    alerts = [Alert.model_validate(each) for each in live.alerts() if each["account_id"] == "F1"]
    return Flood(checkpoints, letters, alerts)


SOUND = {"K1", "K2", "K3", "first", "behind", "after", *(f"kpl-{number}" for number in range(20))}
LETTERS = len(("absurd", "damaged", "miskeyed", "last")) + LETTERS_OF_A_RECORD + len(("summary",))


def test_alerts_and_checkpoints_continue_while_one_sink_hangs_and_another_is_throttled(
    outputs: Outputs,
) -> None:
    ids = {alert["transaction_id"] for alert in outputs.alerts_during if alert["kind"] == "score"}
    assert ids == SOUND
    assert outputs.written_during == 0
    assert outputs.checkpoints_during >= 2


def test_buffered_records_are_written_after_the_sinks_recover(outputs: Outputs) -> None:
    assert sorted(each["transaction_id"] for each in outputs.scored) == sorted(SOUND)
    assert len(outputs.letters) == LETTERS


def test_records_of_an_aggregate_are_scored_whichever_shards_their_keys_belong_to(outputs: Outputs) -> None:
    scored = {each["transaction_id"] for each in outputs.scored if each["outcome"] == "new"}
    assert {"K1", "K2", "K3", *(f"kpl-{number}" for number in range(20))} <= scored


def test_an_aggregate_that_cannot_be_taken_apart_is_one_dead_letter_with_its_bytes(outputs: Outputs) -> None:
    letters = [DeadLetter.model_validate(each) for each in outputs.letters if each["reason"] == "aggregation"]
    assert {letter.raw_bytes: letter.detail.partition(", and ")[2] for letter in letters} == {
        DAMAGED: "its MD5 does not match; have its producer send it again",
        MISKEYED: "a record in it has the index of a key that is not there; have its producer send it again",
    }
    assert len(letters) == 2


def test_a_record_of_braces_becomes_a_hundred_dead_letters_and_a_summary(outputs: Outputs) -> None:
    letters = [DeadLetter.model_validate(each) for each in outputs.letters]
    (summary,) = [letter for letter in letters if letter.is_summary]
    assert summary.reason == "too_many_parts"
    of_record = [letter for letter in letters if letter.sequence_number == summary.sequence_number]
    assert len(of_record) == LETTERS_OF_A_RECORD + 1
    assert summary.count == BRACES.count(b"{") - LETTERS_OF_A_RECORD
    assert summary.sha256 == hashlib.sha256(BRACES).hexdigest()


def test_a_refused_transaction_raises_a_review_alert_while_its_dead_letter_waits(
    outputs: Outputs,
) -> None:
    assert outputs.reviews() == {"absurd": "invalid_value"}
    during = [alert["transaction_id"] for alert in outputs.alerts_during if alert["kind"] == "review"]
    assert during == ["absurd"]


def test_checkpoints_complete_while_huge_records_are_split(outputs: Outputs) -> None:
    assert outputs.flood.checkpoints >= 2


def test_every_part_of_a_huge_record_is_counted_once_in_dead_letters(outputs: Outputs) -> None:
    counts = Counter(letter.sequence_number for letter in outputs.flood.letters)
    assert set(counts.values()) == {LETTERS_OF_A_RECORD + 1}
    assert len(counts) == FLOODS
    refused = sum(letter.count if letter.is_summary else 1 for letter in outputs.flood.letters)
    assert refused == FLOODS * FLOOD_PARTS


def test_a_flood_of_refused_transactions_raises_five_review_alerts_per_minute(
    outputs: Outputs,
) -> None:
    own = [alert for alert in outputs.flood.alerts if alert.transaction_id]
    minutes = {alert.arrival_time.replace(second=0, microsecond=0) for alert in own if alert.arrival_time}
    assert len(own) == 5 * len(minutes)
    assert {alert.review.reason for alert in own if alert.review} == {"malformed_json"}
