"""Redrives whose stream or store does not answer: no call lasts forever, and a stop ends each."""

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

import alerts.commands.common
from alerts.alert_settings import AlertSettings
from alerts.store import progress_store_factory
from alerts.store.progress_store_factory import open_redrives
from alerts.store.redrives import DynamoRedrives, Redrive
from fraudstream.runtime.bounded_calls import StopRequestedError
from fraudstream.runtime.stop_signals import StopSignal
from fraudstream.streams.stream_settings import StreamSettings
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_fakes import RetainingKinesis
from tests.unit.alerts.alert_samples import dead_letter, transaction
from tests.unit.alerts.conftest import TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class OneItemPages:
    """A table that returns one item per request, by requests alone."""

    def __init__(self, table: "DynamoDBClient") -> None:
        self._table = table

    def query(self, **request: Any) -> Any:  # noqa: ANN401 - as boto3 has them
        """Return a page."""
        return self._table.query(**request, Limit=1)

    def put_item(self, **request: Any) -> Any:  # noqa: ANN401 - as boto3 has them
        """Store an item."""
        return self._table.put_item(**request)


def test_all_attempts_are_read_page_by_page_in_calls_that_have_a_deadline(
    dynamodb: "DynamoDBClient",
) -> None:
    store = DynamoRedrives(cast("DynamoDBClient", OneItemPages(dynamodb)), TABLE)
    for attempt in range(1, 13):
        redrive = Redrive(
            letter_id="a", attempt=attempt, began_at_ms=attempt, original=b"o", record=b"r", patch=None
        )
        assert store.begin(redrive)
    assert [each.attempt for each in store.of("a")] == list(range(1, 13))
    assert store.of("b") == []


def test_a_stop_ends_a_call_of_the_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    never, stop = threading.Event(), StopSignal()

    class Hanging:
        def query(self, **_request: object) -> None:
            stop.set()
            never.wait()

    monkeypatch.setattr(progress_store_factory, "dynamodb_client", lambda _settings: Hanging())
    monkeypatch.setenv("ALERTS_STORE", "dynamodb:Consumers")
    store = open_redrives(StreamSettings.load(env_file=None), AlertSettings.load(env_file=None), stop)
    with pytest.raises(StopRequestedError):
        store.of("a")


class HangingStream(RetainingKinesis):
    """A stream that can be read; a write stops the program and never gets an answer."""

    def __init__(self) -> None:
        super().__init__("s0")
        self.writes = 0

    def put_records(self, **_request: object) -> None:
        """Wait forever."""
        self.writes += 1
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait()


def test_a_stop_ends_a_redrive_that_hangs_and_its_outcome_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stream = HangingStream()
    stream.write("s0", *(dead_letter(orjson.dumps(transaction(number)), number) for number in (1, 2)))
    monkeypatch.setattr(alerts.commands.common, "kinesis_client", lambda _settings: stream.client)
    monkeypatch.setenv("ALERTS_STORE", f"sqlite:{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    stopped = alerts_command("dead", "redrive", "--since", "2026-01-01T00:00:00Z")
    letter_id, _, said = stopped.stderr.strip().partition("  ")
    assert stopped.returncode == 1
    assert said == "stopped while waiting for an answer; `alerts dead show` tells what is known of it"
    assert stream.writes == 1

    shown = alerts_command("dead", "show", letter_id)
    assert shown.returncode == 0
    assert "outcome unknown" in shown.stdout
