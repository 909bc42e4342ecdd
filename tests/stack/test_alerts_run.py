"""Consumers that crash, stop, meet resharding and run in parallel, against the emulator."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import orjson
import pytest

from alerts.clients import dynamodb_client, sns_client
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from localstack.tables import create_tables
from tests.stack.stack_helpers import run_module, write_all
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_fakes import Webhook, running_webhook
from tests.unit.alerts.alert_samples import alert
from tests.unit.alerts.two_schemas import earlier, id_of, today

pytestmark = pytest.mark.parametrize("emulator", ["embedded"], indirect=True)

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def streams(kinesis_settings: JobSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    create_streams(kinesis_client(kinesis_settings), kinesis_settings, wait_s=30)
    monkeypatch.setenv("ALERTS_STORE", f"sqlite:{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("ALERTS_REFUSED", str(tmp_path / "refused.jsonl"))
    monkeypatch.setenv("ALERTS_WEBHOOK_SECRET", SECRET)
    return kinesis_settings


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with running_webhook() as running:
        yield running


def write_alerts(settings: JobSettings, start: int, stop: int) -> None:
    write_all(settings, settings.alerts_stream, [alert(number) for number in range(start, stop)])


def start(*arguments: str) -> "subprocess.Popen[str]":
    """Start ``python -m alerts`` beside the test."""
    command = [sys.executable, "-m", "alerts", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def numbers_in(path: Path) -> list[int]:
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [int(orjson.loads(line)["alert_id"].removeprefix("alert-")) for line in lines]


def test_a_killed_consumer_loses_no_alert_even_if_a_third_of_webhook_calls_fail(
    streams: JobSettings, webhook: Webhook
) -> None:
    write_alerts(streams, 0, 60)
    rng = random.Random(7)
    accepted: list[str] = []
    killed: list[int] = []

    def answer(number: int) -> tuple[int, dict[str, str], bytes]:
        if rng.random() < 0.3:
            return 503, {}, b"busy"
        accepted.append(orjson.loads(webhook.requests[-1][1])["alert_id"])
        if number >= 40 and not killed:
            killed.append(number)
            # The webhook has taken the alert, but the consumer never receives the answer.
            os.kill(process.pid, signal.SIGKILL)
        return 200, {}, b""

    webhook.answer = answer
    arguments = ("run", "--handler", "webhook", "--to", webhook.url, "--idle-seconds", "1")
    with start(*arguments) as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    killed_after = list(accepted)
    with start(*arguments) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors
    assert 0 < len(killed_after) < 60
    times = Counter(accepted)
    assert times.keys() == {f"alert-{number}" for number in range(60)}
    assert sum(times.values()) <= 61
    assert "0 refused, 0 unreadable" in errors


def test_sigterm_stores_the_position_and_the_next_run_resumes_there(
    streams: JobSettings,
) -> None:
    write_alerts(streams, 0, 3)
    with start("run", "--json") as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.splitlines()[-1]) == (
        0,
        "3 alerts handled, 0 duplicates skipped, 0 refused, 0 unreadable records, 0 retries",
    )
    write_alerts(streams, 3, 5)
    again = run_module("alerts", "run", "--json", "--idle-seconds", "0.5")
    assert "resuming from the last run" in again.stderr
    assert "2 alerts handled, 0 duplicates skipped" in again.stderr
    lines = [*first, *again.stdout.splitlines(keepends=True)]
    assert [line.encode() for line in lines] == [alert(number) + b"\n" for number in range(5)]


def test_a_shard_split_while_the_consumer_is_down_causes_no_loss_and_no_duplicate(
    streams: JobSettings, tmp_path: Path
) -> None:
    out = tmp_path / "alerts.jsonl"
    arguments = ("run", "--handler", "jsonl", "--to", str(out), "--idle-seconds", "1")
    write_alerts(streams, 0, 20)
    run_module("alerts", *arguments)
    client = kinesis_client(streams)
    write_alerts(streams, 20, 30)
    (shard,) = client.list_shards(StreamName=streams.alerts_stream)["Shards"]
    client.split_shard(
        StreamName=streams.alerts_stream,
        ShardToSplit=shard["ShardId"],
        NewStartingHashKey=str(2**127),
    )
    client.get_waiter("stream_exists").wait(StreamName=streams.alerts_stream)
    write_alerts(streams, 30, 60)
    resumed = run_module("alerts", *arguments)
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(numbers_in(out)) == list(range(60))
    assert numbers_in(out)[:30] == list(range(30))


def test_two_consumers_on_one_table_share_the_alerts_without_duplicates(
    streams: JobSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"Progress-{uuid4().hex[:8]}"
    create_tables(streams, table, f"Alerts-{table}")
    monkeypatch.setenv("ALERTS_STORE", f"dynamodb:{table}")
    outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    write_alerts(streams, 0, 40)
    arguments = ("run", "--handler", "jsonl", "--name", "pair", "--idle-seconds", "3")
    processes = [start(*arguments, "--to", str(out)) for out in outs]
    deadline_s = time.monotonic() + 60
    while not any(numbers_in(out) for out in outs) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    write_alerts(streams, 40, 60)
    write_alerts(streams, 50, 65)
    for process in processes:
        with process:
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert sorted(numbers_in(outs[0]) + numbers_in(outs[1])) == list(range(65))
    late = run_module("alerts", *arguments[:-1], "0.5", "--to", str(outs[0]))
    assert "0 alerts handled" in late.stderr


def test_the_alert_table_and_the_topic_receive_every_alert(streams: JobSettings) -> None:
    table = f"Alerts-{uuid4().hex[:8]}"
    create_tables(streams, f"Progress-{table}", table)
    sqs: Any = boto3.client("sqs", endpoint_url=streams.endpoint_url, region_name=streams.aws_region)
    sns, dynamodb = sns_client(streams), dynamodb_client(streams)
    topic = sns.create_topic(Name=table)["TopicArn"]
    queue = sqs.create_queue(QueueName=table)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"}
    )
    write_alerts(streams, 0, 9)
    ended = ("--idle-seconds", "0.5")
    for handler, target in (("dynamodb", table), ("sns", topic)):
        done = alerts_command("run", "--handler", handler, "--to", target, *ended)
        assert done.stderr.startswith("9 alerts handled"), done.stderr
    items = dynamodb.scan(TableName=table)["Items"]
    assert {item["alert_id"]["S"] for item in items} == {f"alert-{number}" for number in range(9)}
    bodies = [
        message["Body"] for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    assert sorted(body.encode() for body in bodies) == sorted(alert(number) for number in range(9))


def test_a_replay_delivers_a_time_range_again_marked_and_keeps_stored_positions(
    streams: JobSettings, tmp_path: Path
) -> None:
    write_alerts(streams, 0, 3)
    time.sleep(1.1)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_alerts(streams, 3, 6)
    alerts_command("run", "--json", "--max", "4")
    out = tmp_path / "replayed.jsonl"
    replayed = alerts_command("replay", "--from", since, "--handler", "jsonl", "--to", str(out))
    assert (replayed.returncode, replayed.stderr) == (
        0,
        "replay: 3 alerts handled, 0 duplicates skipped, 0 refused, 0 unreadable records, 0 retries\n",
    )
    assert numbers_in(out) == [3, 4, 5]
    assert all(orjson.loads(line)["replayed"] is True for line in out.read_bytes().splitlines())
    resumed = alerts_command("run", "--json", "--idle-seconds", "0.5")
    assert resumed.stdout.encode() == alert(4) + b"\n" + alert(5) + b"\n"


def test_an_upgrade_delivers_no_alert_again_under_its_new_id(streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [earlier("A1", "T1"), earlier("A2", "T2")])
    before = alerts_command("run", "--json", "--idle-seconds", "0.5")
    assert len(before.stdout.splitlines()) == 2
    upgraded = [today("A1", "T1"), today("A2", "T2"), today("A1", "T3"), today("A2", "T3")]
    write_all(streams, streams.alerts_stream, upgraded)
    after = alerts_command("run", "--json", "--idle-seconds", "0.5")
    delivered = {orjson.loads(line)["alert_id"] for line in after.stdout.splitlines()}
    assert delivered == {id_of("A1", "T3"), id_of("A2", "T3")}
    assert "2 alerts handled, 2 duplicates skipped" in after.stderr
    assert alerts_command("run", "--json", "--idle-seconds", "0.5").stdout == ""


def test_a_first_run_from_latest_stores_its_position_even_if_no_alert_arrived(
    streams: JobSettings,
) -> None:
    write_alerts(streams, 0, 2)
    time.sleep(1.1)
    first = alerts_command("run", "--json", "--from", "LATEST", "--idle-seconds", "0.5")
    write_alerts(streams, 2, 4)
    second = alerts_command("run", "--json", "--from", "LATEST", "--idle-seconds", "0.5")
    assert first.stdout == ""
    assert second.stdout.encode() == alert(2) + b"\n" + alert(3) + b"\n"
