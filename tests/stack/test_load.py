"""The load command against the embedded emulator: its summary agrees with the stream's content."""

import json
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from jobs.job_settings import JobSettings
from tests.stack.stack_helpers import read_all, run_module

pytestmark = pytest.mark.parametrize("emulator", ["embedded"], indirect=True)


@pytest.fixture
def streams(kinesis_settings: JobSettings) -> JobSettings:
    created = run_module("localstack.streams")
    assert created.returncode == 0, created.stderr
    return kinesis_settings


def load(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """Run the load successfully; return the summary."""
    path = tmp_path / "summary.json"
    ended = run_module("producer", "load", *arguments, "--json", str(path), timeout_s=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return read_summary(path)


def read_summary(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text())
    assert result["sent"] + result["failed"] + result["not_sent"] == result["made"]
    return result


def wait_for_records(settings: JobSettings, count: int) -> None:
    reader = StreamReader(kinesis_client(settings), settings.transactions_stream)
    while count > 0:
        count -= len(reader.poll())


def transactions(settings: JobSettings) -> dict[str, list[dict[str, Any]]]:
    """Return the stream's transactions by account, in order."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in read_all(settings, settings.transactions_stream):
        found[record.partition_key].append(orjson.loads(record.data))
    return found


def test_five_thousand_transactions_arrive_once_and_in_order(streams: JobSettings, tmp_path: Path) -> None:
    result = load(tmp_path, "--count", "5000", "--seed", "5")
    assert (result["made"], result["sent"], result["failed"], result["not_sent"]) == (5_000, 5_000, 0, 0)
    found = transactions(streams)
    ids = [transaction["transaction_id"] for of_account in found.values() for transaction in of_account]
    assert len(ids) == len(set(ids)) == 5_000
    for account_id, of_account in found.items():
        assert {transaction["account_id"] for transaction in of_account} == {account_id}
        times = [transaction["event_time"] for transaction in of_account]
        assert times == sorted(times)


def test_the_summary_counts_by_the_streams_shards(streams: JobSettings, tmp_path: Path) -> None:
    result = load(tmp_path, "--count", "2000", "--senders", "2", "--batch", "100")
    records = read_all(streams, streams.transactions_stream)
    counts = Counter(record.shard_id for record in records)
    sizes: Counter[str] = Counter()
    for record in records:
        sizes[record.shard_id] += len(record.data) + len(record.partition_key)
    assert {name: shard["records"] for name, shard in result["shards"].items()} == counts
    assert {name: shard["transactions"] for name, shard in result["shards"].items()} == counts
    assert {name: shard["bytes"] for name, shard in result["shards"].items()} == sizes
    assert result["requests"] >= 20


def test_aggregated_transactions_need_fewer_records_and_each_counts_at_its_shard(
    streams: JobSettings, tmp_path: Path
) -> None:
    result = load(tmp_path, "--count", "3000", "--seed", "5", "--joined")
    records = read_all(streams, streams.transactions_stream)
    assert result["sent"] == 3_000
    assert result["records"] == len(records) < 1_500
    by_shard: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        lines = record.data.split(b"\n")
        size = len(record.data) + len(record.partition_key)
        by_shard[record.shard_id].update(records=1, bytes=size, transactions=len(lines), throttled=0)
    assert {name: Counter(shard) for name, shard in result["shards"].items()} == by_shard
    found = [orjson.loads(line) for record in records for line in record.data.split(b"\n")]
    assert len({transaction["transaction_id"] for transaction in found}) == len(found) == 3_000
    times: dict[str, list[str]] = defaultdict(list)
    for transaction in found:
        times[transaction["account_id"]].append(transaction["event_time"])
    assert all(of_account == sorted(of_account) for of_account in times.values())


def test_rate_and_duration_define_the_schedule(streams: JobSettings, tmp_path: Path) -> None:
    result = load(tmp_path, "--rps", "200", "--duration", "4")
    assert result["sent"] == 800
    # The last record is due 5 ms before the end, so it can't be sent earlier.
    assert result["seconds"] >= 3.995
    assert result["tx_per_s"] <= 800 / 3.995
    assert 0 < result["lag_ms"]["p50"] <= result["lag_ms"]["p99"] <= result["lag_ms"]["max"]
    assert len(read_all(streams, streams.transactions_stream)) == 800


def test_a_files_lines_are_sent_unchanged(streams: JobSettings, tmp_path: Path) -> None:
    lines = [b'{"account_id": "A%d",  "n":%d}' % (n % 7, n) for n in range(300)]
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(lines))
    assert load(tmp_path, "--source", str(path))["sent"] == 300
    found = [record.data for record in read_all(streams, streams.transactions_stream)]
    assert Counter(found) == Counter(lines)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_every_transaction_is_accounted_for(
    streams: JobSettings, tmp_path: Path, end: signal.Signals
) -> None:
    path = tmp_path / "summary.json"
    arguments = ["--rps", "500", "--duration", "600", "--json", str(path)]
    command = [sys.executable, "-m", "producer", "load", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for_records(streams, 100)
            process.send_signal(end)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    result = read_summary(path)
    assert 100 <= result["made"] < 300_000
    assert (result["failed"], result["not_sent"]) == (0, 0)
    assert len(read_all(streams, streams.transactions_stream)) == result["sent"]


def test_a_missing_stream_is_reported_by_name(kinesis_settings: JobSettings) -> None:
    ended = run_module("producer", "load", "--count", "10")
    assert ended.returncode == 1
    assert f"stream '{kinesis_settings.transactions_stream}' does not exist" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.usefixtures("streams")
def test_a_broken_line_ends_the_run_with_code_1_after_the_lines_before_it(tmp_path: Path) -> None:
    source, path = tmp_path / "some.jsonl", tmp_path / "summary.json"
    source.write_bytes(b'{"account_id":"A"}\n' * 3 + b"oops\n")
    ended = run_module("producer", "load", "--source", str(source), "--json", str(path))
    assert ended.returncode == 1
    assert "line 4" in ended.stderr
    assert read_summary(path)["sent"] == 3


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give --count, or --rps and --duration"),
        (["--rps", "10"], "give --count, or --rps and --duration"),
        (["--count", "10", "--duration", "3"], "give --rps too"),
        (["--count", "10", "--source", "nowhere.jsonl"], "file not found"),
        (["--source", "README.md"], "must end in one of .jsonl"),
        (["--count", "10", "--fraud-share", "1.5"], "fraud_share=1.5"),
        (["--count", "10", "--batch", "501"], "or equal to 500"),
    ],
)
def test_unusable_options_are_rejected(arguments: list[str], complaint: str) -> None:
    refused = run_module("producer", "load", *arguments)
    assert refused.returncode == 2
    assert complaint in " ".join(refused.stderr.replace("│", " ").split())
