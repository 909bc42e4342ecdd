"""A stream is scored live, archived, and scored again from the archive: which results are equal."""

import gzip
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest

from drills.reference_comparison import wrong_features
from fraudstream.archives.record_escape import record_of
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import Record
from jobs.job_settings import JobSettings
from localrun.job_process import JobProcess, job_process
from localstack.streams import create_streams
from producer.simulation import TrafficOptions, generate
from tests.kpl_records import aggregated
from tests.stack.stack_helpers import run_module, settings_with_own_streams

START_MS = 1_767_571_200_000
TRANSACTIONS = 1_200
ACCOUNTS = 400
"""Few enough that all transactions lie within the allowed lateness of 24 hours."""
THRESHOLD = 0.3
"""Low, so that many alert."""
BUCKET = "archive"
TIMEOUT_S = 240
DAMAGED_AGGREGATE = aggregated((b'{"account_id":"A1"}\n{"account_id":"A2"}', "A1"))[:-1]
BROKEN = [b"broken\nover two lines", DAMAGED_AGGREGATE, b"", b'{"transaction_id": ']
LATER = {"scored_at", "arrival_time"}
"""The alert fields with a time of scoring."""


@dataclass(frozen=True)
class Runs:
    """Files of a live run and of its replay, and the start of the live run."""

    folder: Path
    transactions: Sequence[Transaction]
    archive_said: str

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return the records of a file of JSON lines."""
        return [orjson.loads(line) for line in (self.folder / name).read_bytes().splitlines()]

    def compared(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Run ``python -m alerts`` on files of this folder."""
        return run_module("alerts", *map(str, arguments), timeout_s=TIMEOUT_S)


def traffic() -> list[Transaction]:
    options = TrafficOptions(seed=4, accounts=ACCOUNTS, start_ms=START_MS)
    return [each.transaction for each in itertools.islice(generate(options), TRANSACTIONS)]


def records_of(transactions: Sequence[Transaction]) -> Iterator[Record]:
    """Yield one record per transaction, some of them in other valid or invalid forms."""
    for number, each in enumerate(transactions):
        data = each.to_json()
        if number % 100 == 3:
            data = orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2)
        if number % 100 == 5:
            data += b"\n" + data
        if number % 100 == 7:
            data += b"\n"
        if number % 100 == 9:
            data = aggregated((data, each.account_id))
        yield Record(data, each.account_id)
    yield from (Record(data, "broken") for data in BROKEN)


def read_until(settings: JobSettings, stream: str, count: int, job: JobProcess) -> list[dict[str, Any]]:
    """Read a stream until it has returned this many records."""
    reader = StreamReader(kinesis_client(settings), stream, poll_interval_ms=200)
    found: list[dict[str, Any]] = []
    deadline_s = time.monotonic() + TIMEOUT_S
    while len(found) < count:
        assert time.monotonic() < deadline_s, f"{len(found)} of {count} records are in {stream}"
        job.check()
        found += [orjson.loads(record.data) for record in reader.poll()]
    return found


def run_live(settings: JobSettings, transactions: Sequence[Transaction], folder: Path) -> None:
    """Score all records of the stream."""
    doubled = len(range(5, len(transactions), 100))
    with job_process(("--alert-threshold", str(THRESHOLD)), folder / "job.log") as job:
        job.wait_until_reading(threading.Event())
        scored = read_until(settings, settings.scored_stream, len(transactions) + doubled, job)
        alerting = sum(each["outcome"] == "new" and each["score"] >= THRESHOLD for each in scored)
        read_until(settings, settings.alerts_stream, alerting, job)
        read_until(settings, settings.dead_letters_stream, len(BROKEN), job)


def archive(stream: str, path: Path) -> str:
    done = run_module("streams", "archive", str(path), "--stream", stream)
    assert done.returncode == 0, done.stderr
    return done.stderr


def upload(path: Path, url: str) -> str:
    """Upload a file to S3 as three objects, as Firehose writes them; return the folder's URI."""
    client = boto3.client("s3", endpoint_url=url, region_name="ap-southeast-1")
    place: Any = {"LocationConstraint": "ap-southeast-1"}
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    lines = path.read_bytes().splitlines(keepends=True)
    third = len(lines) // 3
    name = "tx/2026/01/05/{}/Transactions-1-2026-01-05-{}-00-00-0f1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8"
    bodies = {
        name.format("00", "00"): b"".join(line.rstrip(b"\n") for line in lines[:third]),
        name.format("01", "01") + ".gz": gzip.compress(b"".join(lines[third : 2 * third])),
        name.format("02", "02") + ".jsonl": b"".join(lines[2 * third :]),
    }
    for key, body in bodies.items():
        client.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/tx"


def replay(source: object, folder: Path) -> None:
    job = subprocess.run(
        [
            *(sys.executable, "jobs/feature_job.py", "--source", str(source)),
            *("--scores-out", str(folder / "scored-again.jsonl")),
            *("--alerts-out", str(folder / "alerts-again.jsonl")),
            *("--dead-letters-out", str(folder / "dead-again.jsonl")),
            *("--alert-threshold", str(THRESHOLD)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert job.returncode == 0, job.stderr


def both_runs(url: str, folder: Path, shards: int, *, from_s3: bool) -> Runs:
    transactions = traffic()
    with pytest.MonkeyPatch.context() as patch:
        settings = settings_with_own_streams(url, patch)
        client = kinesis_client(settings)
        client.create_stream(StreamName=settings.transactions_stream, ShardCount=shards)
        create_streams(client, settings, wait_s=30)
        # All records are in the stream before the job starts; the job then reads shard by shard.
        writer = StreamWriter(client, settings.transactions_stream)
        assert not writer.put(list(records_of(transactions))).failures
        run_live(settings, transactions, folder)
        said = archive(settings.transactions_stream, folder / "archive.jsonl")
        archive(settings.scored_stream, folder / "scored.jsonl")
        archive(settings.alerts_stream, folder / "alerts.jsonl")
        archive(settings.dead_letters_stream, folder / "dead.jsonl")
        source = upload(folder / "archive.jsonl", url) if from_s3 else folder / "archive.jsonl"
        replay(source, folder)
    return Runs(folder, transactions, said)


@pytest.fixture(scope="module")
def one_shard(embedded_url: str, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return both_runs(embedded_url, tmp_path_factory.mktemp("one"), shards=1, from_s3=True)


@pytest.fixture(scope="module")
def four_shards(embedded_url: str, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return both_runs(embedded_url, tmp_path_factory.mktemp("four"), shards=4, from_s3=False)


def difference(runs: Runs, *arguments: object) -> "subprocess.CompletedProcess[str]":
    files = (runs.folder / "scored.jsonl", runs.folder / "scored-again.jsonl")
    return runs.compared("diff-features", *files, "--transactions", runs.folder / "archive.jsonl", *arguments)


def without_times(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        alert["transaction_id"]: {name: value for name, value in alert.items() if name not in LATER}
        for alert in alerts
    }


# ---- one shard: the order of arrival equals the order of the archive ----


def test_the_archive_has_each_record_in_the_order_of_arrival(one_shard: Runs) -> None:
    copies = len(range(5, TRANSACTIONS, 100))
    lines = TRANSACTIONS + copies + len(BROKEN)
    pretty_printed = TRANSACTIONS // 100
    # A damaged aggregate, bytes that are not UTF-8, and a record without any.
    changed = f"{pretty_printed} with line feeds replaced, 3 in base64"
    said = f"{TRANSACTIONS + len(BROKEN):,} records in {lines:,} lines, {changed}"
    assert said in one_shard.archive_said
    written = (one_shard.folder / "archive.jsonl").read_bytes().split(b"\n")[:-1]
    ids = [orjson.loads(line)["transaction_id"] for line in written[: -len(BROKEN)]]
    assert list(dict.fromkeys(ids)) == [each.transaction_id for each in one_shard.transactions]
    assert [record_of(line) for line in written[-len(BROKEN) :]] == BROKEN


def test_a_replay_gives_the_same_alerts_with_ids_scores_and_reasons(one_shard: Runs) -> None:
    live, again = one_shard.records("alerts.jsonl"), one_shard.records("alerts-again.jsonl")
    assert len(live) > 10
    assert without_times(again) == without_times(live)
    done = one_shard.compared(
        "diff", one_shard.folder / "alerts.jsonl", one_shard.folder / "alerts-again.jsonl"
    )
    assert (done.returncode, done.stdout) == (0, f"{len(live):,} alerts are the same\n")


def test_a_replay_gives_the_same_features_and_scores(one_shard: Runs) -> None:
    done = difference(one_shard)
    same = f"{TRANSACTIONS:,} transactions in both files\nall features and scores are the same\n"
    assert (done.returncode, done.stdout) == (0, same)


LETTER_FIELDS = ("reason", "detail", "encoding", "raw", "sha256", "size_bytes")


@pytest.mark.parametrize("runs", ["one_shard", "four_shards"])
def test_a_replay_refuses_the_same_bytes_for_the_same_reasons(
    runs: str, request: pytest.FixtureRequest
) -> None:
    live, again = (
        [tuple(each[name] for name in LETTER_FIELDS) for each in request.getfixturevalue(runs).records(file)]
        for file in ("dead.jsonl", "dead-again.jsonl")
    )
    assert sorted(again) == sorted(live)
    reasons = sorted(letter[0] for letter in live)
    assert reasons == ["aggregation", *["malformed_json"] * (len(BROKEN) - 1)]


# ---- four shards: the job reads the records in a different order than they were written ----


def test_differences_are_explained_by_the_order_of_entities_other_than_the_account(four_shards: Runs) -> None:
    done = difference(four_shards, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = orjson.loads(done.stdout)
    assert (found["compared"], found["only_before"], found["only_after"]) == (TRANSACTIONS, [], [])
    differing = {each["feature"]: each for each in found["features"]}
    assert any(name.startswith("merchant_") for name in differing)
    assert not any(name.startswith("account_") for name in differing)
    for each in found["features"]:
        assert set(each["causes"]) <= {"others", "reordered", "features"}


def test_the_table_lists_each_feature_that_differs(
    four_shards: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    done = difference(four_shards)
    assert done.returncode == 0
    assert "merchant_count_1h" in done.stdout
    assert done.stdout.endswith("all differences are explained\n")


@pytest.mark.parametrize("name", ["scored.jsonl", "scored-again.jsonl"])
def test_each_run_is_correct_for_the_order_that_it_recorded(four_shards: Runs, name: str) -> None:
    assert wrong_features(BUILT_IN, four_shards.transactions, four_shards.records(name)) == []


def test_alerts_differ_only_where_the_features_do(four_shards: Runs) -> None:
    features = [
        {
            each["transaction_id"]: each["features"]
            for each in four_shards.records(name)
            if each["outcome"] == "new"
        }
        for name in ("scored.jsonl", "scored-again.jsonl")
    ]
    live, again = (
        without_times(four_shards.records(name)) for name in ("alerts.jsonl", "alerts-again.jsonl")
    )
    same = {id_ for id_ in features[0] if features[0][id_] == features[1][id_]}
    assert len(same & live.keys()) > 5
    assert {id_: live[id_] for id_ in live if id_ in same} == {
        id_: again[id_] for id_ in again if id_ in same
    }
