"""The emulator under concurrent writers returns every record exactly once."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from fraudstream.streams.kinesis.kinesis_writer import StreamWriter
from fraudstream.streams.protocols import PutResult, Record
from jobs.connectors.kinesis_connector import stream_arn
from jobs.job_settings import JobSettings
from localstack.streams import create_streams

WRITERS = 4
RECORDS_A_WRITER = 5_000
RECORDS_A_PUT = 500


def write_numbers(settings: JobSettings, writer_number: int) -> PutResult:
    writer = StreamWriter(kinesis_client(settings), settings.transactions_stream)
    first = writer_number * RECORDS_A_WRITER
    result = PutResult()
    for start in range(first, first + RECORDS_A_WRITER, RECORDS_A_PUT):
        numbers = range(start, start + RECORDS_A_PUT)
        part = writer.put([Record(b"%d" % n, f"ACC_{n % 997}") for n in numbers])
        result.sent += part.sent
        result.failures += part.failures
        result.shards += part.shards
    return result


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
def test_four_concurrent_writers_lose_and_duplicate_no_record(
    kinesis_settings: JobSettings,
) -> None:
    client = kinesis_client(kinesis_settings)
    create_streams(client, kinesis_settings, wait_s=30)

    with ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(lambda n: write_numbers(kinesis_settings, n), range(WRITERS)))

    total = WRITERS * RECORDS_A_WRITER
    assert sum(result.sent for result in results) == total
    assert not [failure for result in results for failure in result.failures]
    reader = StreamReader(client, kinesis_settings.transactions_stream, poll_interval_ms=10)
    received = Counter[bytes]()
    shards = set[str]()
    while records := reader.poll():
        received.update(record.data for record in records)
        shards.update(record.shard_id for record in records)
    assert received == Counter(b"%d" % n for n in range(total))
    assert len(shards) == 4


def test_a_streams_arn_has_the_account_that_the_job_expects_of_an_emulator(
    kinesis_settings: JobSettings,
) -> None:
    client = kinesis_client(kinesis_settings)
    create_streams(client, kinesis_settings, wait_s=30)
    name = kinesis_settings.transactions_stream
    answer = client.describe_stream_summary(StreamARN=stream_arn(kinesis_settings, name))
    assert answer["StreamDescriptionSummary"]["StreamName"] == name


def test_the_emulator_exits_cleanly_on_sigterm() -> None:
    command = [sys.executable, "-m", "localstack.emulator", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready http://127.0.0.1:")
            process.terminate()
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_the_emulator_listens_on_loopback_only() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "localstack.emulator", "--port", "0", "--host", "0.0.0.0"],  # noqa: S104 - is refused
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "not a loopback address" in ended.stderr
