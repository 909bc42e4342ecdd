"""Refused records in a live job: none vanishes, and none, nor a sink that hangs, holds up an alert."""

import hashlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from drills.endpoint import Answer, FaultyEndpoint
from drills.live_job import Followed
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import format_time
from fraudstream.runtime.clock import wall_clock_ms
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from jobs.job_settings import JobSettings
from localrun.job_process import JobProcess, job_process
from localstack.streams import create_streams
from tests.stack.stack_helpers import settings_with_own_streams

PATIENCE_S = 120.0
BRACES = b"{\n" * (1 << 18)
"""A quarter of a million records that are none, in one."""
LETTERS_OF_A_RECORD = 100
OPTIONS = ("--alert-threshold", "0", "--checkpoint-interval", "1s", "--python-mode", "thread")


class HangingEndpoint(FaultyEndpoint):
    """A proxy at which writes to some streams get no answer until they are released."""

    def __init__(self, target_url: str) -> None:
        super().__init__(target_url, seed=1)
        self.hanging: frozenset[str] = frozenset()
        self.released = threading.Event()
        self.held = 0

    def answer(self, upstream: http.client.HTTPConnection, call: Any) -> Answer:  # noqa: ANN401 - private type
        """Hold a write to one of the streams back."""
        if call.headers.get("X-Amz-Target", "").endswith(".PutRecords"):
            request = json.loads(call.body)
            name = request.get("StreamName") or request["StreamARN"].rpartition("/")[2]
            if name in self.hanging and not self.released.is_set():
                self.held += 1
                self.released.wait(PATIENCE_S)
        return super().answer(upstream, call)


@dataclass(frozen=True)
class Outputs:
    """What came out of the job while two of its sinks hung, and in the end."""

    alerts_during: list[dict[str, Any]]
    written_during: int
    checkpoints_during: int
    alerts: list[dict[str, Any]]
    letters: list[dict[str, Any]]
    scored: list[dict[str, Any]]

    def reviews(self) -> dict[str, str]:
        """Return the reasons of the review alerts by transaction."""
        found = [alert for alert in self.alerts if alert["kind"] == "review"]
        return {alert["transaction_id"]: alert["review"]["reason"] for alert in found}


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


def varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def aggregated(*parts: bytes, key_index: int = 0) -> bytes:
    """Return a record as the Kinesis Producer Library aggregates it, under a key of another shard."""
    records = (field(3, varint(8) + varint(key_index) + field(3, part)) for part in parts)
    body = field(1, b"a key of another shard, as like as not") + b"".join(records)
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body, usedforsecurity=False).digest()


@pytest.fixture(scope="module")
def outputs(embedded_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outputs]:
    endpoint = HangingEndpoint(embedded_url)
    with pytest.MonkeyPatch.context() as patch:
        settings = settings_with_own_streams(embedded_url, patch)
        create_streams(kinesis_client(settings), settings, wait_s=60)
        endpoint.hanging = frozenset({settings.scored_stream, settings.dead_letters_stream})
        patch.setenv("AWS_ENDPOINT_URL", endpoint.url)
        with job_process(OPTIONS, tmp_path_factory.mktemp("refused") / "job.log") as job:
            job.wait_until_reading(threading.Event())
            try:
                yield during_and_after(Live(settings, job), endpoint)
            finally:
                endpoint.released.set()
                endpoint.close()


def during_and_after(live: Live, endpoint: HangingEndpoint) -> Outputs:
    live.send(
        transaction("first"),
        transaction("absurd", biometric_failure_count=1e39),
        aggregated(*(transaction(f"kpl-{number}", account_id=f"K{number}") for number in range(20))),
        aggregated(transaction("kpl-no-key"), key_index=7),
        aggregated(),
        BRACES,
        transaction("behind"),
    )
    live.wait_for_alerts("behind", "absurd")
    live.wait("a hanging write to each stream", lambda: endpoint.held >= 2)
    checkpoints = live.wait_for_checkpoints(2)
    live.send(transaction("after"), b"{")
    live.wait_for_alerts("after")
    alerts_during, written_during = live.alerts(), len(live.letters()) + len(live.scored())
    endpoint.released.set()
    live.wait("scored transactions", lambda: {each["transaction_id"] for each in live.scored()} >= SOUND)
    live.wait("dead letters", lambda: len(live.letters()) >= LETTERS)
    return Outputs(alerts_during, written_during, checkpoints, live.alerts(), live.letters(), live.scored())


SOUND = {"first", "behind", "after", "kpl-no-key", *(f"kpl-{number}" for number in range(20))}
LETTERS = len(("absurd", "empty aggregate", "last")) + LETTERS_OF_A_RECORD + len(("summary",))


def test_alerts_and_checkpoints_go_on_while_two_sinks_hang(outputs: Outputs) -> None:
    ids = {alert["transaction_id"] for alert in outputs.alerts_during if alert["kind"] == "score"}
    assert ids == SOUND
    assert outputs.written_during == 0
    assert outputs.checkpoints_during >= 2


def test_what_waited_is_written_once_the_sinks_answer(outputs: Outputs) -> None:
    assert sorted(each["transaction_id"] for each in outputs.scored) == sorted(SOUND)
    assert len(outputs.letters) == LETTERS


def test_aggregated_records_are_taken_apart_whatever_their_keys_and_an_empty_one_is_named(
    outputs: Outputs,
) -> None:
    scored = {each["transaction_id"] for each in outputs.scored if each["outcome"] == "new"}
    assert {f"kpl-{number}" for number in range(20)} | {"kpl-no-key"} <= scored
    details = [letter["detail"] for letter in outputs.letters if "Producer Library" in letter["detail"]]
    assert len(details) == 1
    assert "has no record in it" in details[0]


def test_a_record_of_braces_is_a_hundred_dead_letters_and_a_summary(outputs: Outputs) -> None:
    letters = [DeadLetter.model_validate(each) for each in outputs.letters]
    (summary,) = [letter for letter in letters if letter.is_summary]
    assert summary.reason == "too_many_parts"
    of_record = [letter for letter in letters if letter.sequence_number == summary.sequence_number]
    assert len(of_record) == LETTERS_OF_A_RECORD + 1
    assert summary.count == BRACES.count(b"{") - LETTERS_OF_A_RECORD
    assert summary.sha256 == hashlib.sha256(BRACES).hexdigest()


def test_a_transaction_that_nobody_judged_is_a_review_alert_while_its_dead_letter_waits(
    outputs: Outputs,
) -> None:
    assert outputs.reviews() == {"absurd": "invalid_value"}
    during = [alert["transaction_id"] for alert in outputs.alerts_during if alert["kind"] == "review"]
    assert during == ["absurd"]
