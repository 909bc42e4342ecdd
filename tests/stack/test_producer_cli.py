"""The producer's command line against the emulator: its statistics agree with the streams' content."""

import gzip
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import orjson
import pytest

from fraudstream.domain.transaction import Label, Transaction, parse_time_ms
from fraudstream.runtime.project_root import ROOT
from jobs.job_settings import JobSettings
from producer.dataset import write_dataset
from producer.simulation import TrafficOptions, generate
from tests.stack.stack_helpers import read_all, run_module

DAY_MS = 24 * 3_600_000


@pytest.fixture
def streams(kinesis_settings: JobSettings) -> JobSettings:
    created = run_module("localstack.streams")
    assert created.returncode == 0, created.stderr
    return kinesis_settings


def good_transactions(settings: JobSettings) -> list[Transaction]:
    """Decode the valid records whose id comes from the generator."""
    found = []
    for record in read_all(settings, settings.transactions_stream):
        if record.data.startswith(b'{"transaction_id":"T'):
            found.append(Transaction.from_json(record.data))
            assert record.partition_key == found[-1].account_id
    return found


def test_creating_the_streams_twice_changes_nothing(kinesis_settings: JobSettings) -> None:
    first, second = (run_module("localstack.streams") for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout.count("created") == 5
    assert second.stdout.count("existed") == 5
    assert kinesis_settings.transactions_stream in second.stdout


def test_the_scored_stream_can_be_disabled(streams: JobSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDSTREAM_SCORED_STREAM", "off")
    created = run_module("localstack.streams")
    assert streams.scored_stream not in created.stdout
    assert created.stdout.count("existed") == 4


@pytest.mark.usefixtures("kinesis_settings")
def test_streams_are_never_created_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    refused = run_module("localstack.streams")
    assert refused.returncode == 1
    assert "not an emulator" in refused.stderr


def test_an_endpoint_that_is_down_is_waited_for_and_then_reported(
    kinesis_settings: JobSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kinesis_settings.is_emulator
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    refused = run_module("localstack.streams", "--wait-seconds", "0.5")
    assert refused.returncode == 1
    assert "does not respond" in refused.stderr


def test_the_test_command_reports_a_missing_stream_by_name(kinesis_settings: JobSettings) -> None:
    tested = run_module("producer", "test")
    assert tested.returncode == 1
    assert f"stream '{kinesis_settings.transactions_stream}' does not exist" in tested.stderr


def test_the_test_command_sends_one_transaction_and_reports_its_shard(streams: JobSettings) -> None:
    tested = run_module("producer", "test")
    assert tested.returncode == 0, tested.stderr
    (record,) = read_all(streams, streams.transactions_stream)
    assert f"{streams.transactions_stream}, ACTIVE, 4 shards" in tested.stdout
    assert record.shard_id in tested.stdout
    assert Transaction.from_json(record.data).transaction_id in tested.stdout


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.usefixtures("streams")
def test_missing_credentials_are_reported(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv(missing)
    nowhere = tmp_path_factory.mktemp("aws") / "none"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    tested = run_module("producer", "test")
    assert tested.returncode == 1
    assert missing in tested.stderr
    assert len(tested.stderr.splitlines()) == 1


def test_the_stream_contains_exactly_the_requested_good_broken_and_duplicate_records(
    streams: JobSettings,
) -> None:
    numbers = ["--transactions", "1000", "--broken", "21", "--duplicates", "30"]
    before_ms = time.time_ns() // 1_000_000
    sent = run_module("producer", "stream", "100", "--rate", "2000", *numbers)
    assert sent.returncode == 0, sent.stderr

    ids = Counter(transaction.transaction_id for transaction in good_transactions(streams))
    assert len(ids) == 1_000
    assert Counter(ids.values()) == {1: 970, 2: 30}
    keys = [record.partition_key for record in read_all(streams, streams.transactions_stream)]
    assert sum(key.startswith("broken-") for key in keys) == 21
    assert len(keys) == 1_051

    labels = [Label.from_json(record.data) for record in read_all(streams, streams.labels_stream)]
    assert {label.transaction_id for label in labels} == set(ids)
    assert len(labels) == 1_000
    newest_ms = max(label.event_time_ms for label in labels)
    assert abs(newest_ms - before_ms) < DAY_MS / 4
    for row in ("transactions               │ 1,000", "broken records             │ 21"):
        assert row in sent.stdout


def test_event_time_starts_as_requested_and_sets_the_pace(streams: JobSettings) -> None:
    pace = ["--start", "2026-01-05T02:00:00Z", "--speedup", "3600", "--accounts", "500", "--no-labels"]
    began_s = time.monotonic()
    sent = run_module("producer", "stream", "100", *pace, "--transactions", "400", "--seed", "3")
    took_s = time.monotonic() - began_s
    assert sent.returncode == 0, sent.stderr
    assert sent.stderr == ""
    times_ms = [transaction.event_time_ms for transaction in good_transactions(streams)]
    assert len(times_ms) == 400
    assert min(times_ms) >= parse_time_ms("2026-01-05T02:00:00Z")
    # One hour of event time per second: the last record can't be sent before its time.
    assert took_s >= (max(times_ms) - parse_time_ms("2026-01-05T02:00:00Z")) / 3_600_000 > 1


@pytest.mark.usefixtures("streams")
def test_event_times_that_the_job_would_reject_cause_a_warning() -> None:
    sent = run_module("producer", "stream", "--start", "2090-01-05T02:00:00Z", "--transactions", "1")
    assert sent.returncode == 0, sent.stderr
    assert sent.stderr.startswith("warning: 0:00:00 after the start, event time is more than 24h ahead")
    assert "future_tolerance" in sent.stderr


@pytest.mark.parametrize("ending", [".parquet", ".jsonl.gz"])
def test_a_file_is_sent_unchanged_with_its_labels(streams: JobSettings, tmp_path: Path, ending: str) -> None:
    options = TrafficOptions(seed=3, accounts=50, start_ms=1_767_571_200_000, fraud_share=0.2)
    made = list(islice(generate(options), 250))
    path = tmp_path / f"data{ending}"
    if ending == ".parquet":
        assert list(write_dataset(options, 250, path, "parquet"))
    else:
        path.write_bytes(gzip.compress(b"\n".join(transaction.to_json() for transaction, _ in made)))
    sent = run_module("producer", "stream", "100", "0", "--source", str(path))
    assert sent.returncode == 0, sent.stderr
    by_id = {transaction.transaction_id: transaction for transaction in good_transactions(streams)}
    assert by_id == {transaction.transaction_id: transaction for transaction, _ in made}
    labels = [Label.from_json(record.data) for record in read_all(streams, streams.labels_stream)]
    if ending == ".parquet":
        assert {label.transaction_id: label for label in labels} == {
            label.transaction_id: label for _, label in made
        }
    else:
        assert labels == []
        assert sent.stderr == f"no labels are sent: {tmp_path / 'data.truth.jsonl.gz'} not found\n"


@pytest.mark.usefixtures("streams")
def test_a_truncated_file_ends_the_run_with_code_1_and_the_position(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b'{"account_id":"A"}\n' * 3 + b"oops\n")
    ended = run_module("producer", "stream", "2", "0", "--source", str(path))
    assert ended.returncode == 1
    assert "some.jsonl, line 4: not JSON" in ended.stderr
    assert "transactions               │ 2" in ended.stdout


def test_aggregated_transactions_share_records_and_none_is_missing(streams: JobSettings) -> None:
    numbers = ["--transactions", "600", "--rate", "3000", "--joined"]
    sent = run_module("producer", "stream", "300", *numbers)
    assert sent.returncode == 0, sent.stderr
    records = read_all(streams, streams.transactions_stream)
    assert len(records) < 200
    sent_ids = [
        Transaction.from_json(line).transaction_id for record in records for line in record.data.split(b"\n")
    ]
    assert len(sent_ids) == len(set(sent_ids)) == 600


def test_the_same_seed_sends_the_same_transactions_without_labels_on_request(streams: JobSettings) -> None:
    for _ in range(2):
        sent = run_module("producer", "stream", "50", "0", "2", "--seed", "11", "--no-labels")
        assert sent.returncode == 0, sent.stderr
    ids = Counter(transaction.transaction_id for transaction in good_transactions(streams))
    assert set(ids.values()) == {2}
    assert len(ids) == 100
    assert not read_all(streams, streams.labels_stream)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_an_endless_run_with_its_statistics_and_code_0(
    streams: JobSettings, end: signal.Signals
) -> None:
    command = [sys.executable, "-m", "producer", "stream", "20", "0.05"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            while not read_all(streams, streams.labels_stream):
                time.sleep(0.1)
            process.send_signal(end)
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    count = len(read_all(streams, streams.transactions_stream))
    assert count % 20 == 0
    assert f"transactions               │ {count:,}" in output
    assert len(read_all(streams, streams.labels_stream)) == count
    first = orjson.loads(read_all(streams, streams.transactions_stream)[0].data)
    age_ms = time.time_ns() // 1_000_000 - parse_time_ms(first["event_time"])
    assert DAY_MS / 2 < age_ms < DAY_MS * 1.1


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--broken", "3"], "need a limit"),
        (["20", "1", "1", "--broken", "20"], "hold only the 20 broken"),
        (["--transactions", "2", "--duplicates", "3"], "--duplicates 3 exceeds the 2 valid"),
        (["--transactions", "2", "--doubled", "3"], "--duplicates 3 exceeds the 2 valid"),
        (["--fraud-share", "1.5"], "fraud_share=1.5"),
        (["501"], "or equal to 500"),
    ],
)
def test_unusable_numbers_are_rejected(arguments: list[str], complaint: str) -> None:
    refused = run_module("producer", "stream", *arguments)
    assert refused.returncode == 2
    assert complaint in " ".join(refused.stderr.replace("│", " ").split())
