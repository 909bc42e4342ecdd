"""The consumer's command line against the emulator, on messages as the job writes them."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from alerts.message_consumer import Consumer
from fraudstream.domain.alert import Alert
from fraudstream.runtime.project_root import ROOT
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from fraudstream.streams.kinesis.kinesis_reader import StreamReader
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from tests.stack.stack_helpers import run_module, write_all
from tests.unit.alerts.alert_samples import alert, dead_letter


@pytest.fixture
def streams(kinesis_settings: JobSettings) -> JobSettings:
    create_streams(kinesis_client(kinesis_settings), kinesis_settings, wait_s=30)
    return kinesis_settings


def test_an_alert_is_one_line_with_vietnamese_time_and_grouped_amount(streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [alert(1)])
    tailed = run_module("alerts", "tail", "--idle-seconds", "0.5")
    assert tailed.returncode == 0, tailed.stderr
    (line,) = tailed.stdout.splitlines()
    assert line.split() == [
        *("2026-01-03", "01:04:05", "CRITICAL", "0.973", "ACC_1", "812,500,000", "VND"),
        *("money_laundering", "high_amount_flag,", "off_hours_flag"),
    ]


def test_with_json_each_alert_is_printed_once_and_unchanged(streams: JobSettings) -> None:
    written = [alert(1), alert(2), alert(1), alert(3), alert(2)]
    write_all(streams, streams.alerts_stream, written)
    tailed = run_module("alerts", "tail", "--json", "--idle-seconds", "0.5")
    assert [line.encode() for line in tailed.stdout.splitlines()] == [alert(1), alert(2), alert(3)]


def test_alerts_of_all_shards_are_printed(streams: JobSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    # The only stream with two shards.
    monkeypatch.setenv("FRAUDSTREAM_ALERTS_STREAM", streams.scored_stream)
    monkeypatch.setenv("FRAUDSTREAM_SCORED_STREAM", "off")
    written = [alert(number) for number in range(40)]
    write_all(streams, streams.scored_stream, written)
    tailed = run_module("alerts", "tail", "--json", "--max", "40")
    assert sorted(tailed.stdout.splitlines()) == sorted(line.decode() for line in written)


def test_the_tail_stops_after_the_requested_number(streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [alert(number) for number in range(10)])
    tailed = run_module("alerts", "tail", "--max", "4")
    assert tailed.returncode == 0
    assert len(tailed.stdout.splitlines()) == 4


def test_latest_skips_earlier_alerts(streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [alert(1)])
    tailed = run_module("alerts", "tail", "--from", "LATEST", "--idle-seconds", "0.5")
    assert (tailed.returncode, tailed.stdout) == (0, "")


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (b"\xff\x00 no json", "record: Invalid JSON"),
        (b'{"alert_id": "x"}', "transaction_id: Field required"),
        (alert(2, risk_level="awful"), "risk_level: Input should be"),
        (alert(2, score="\x1b[2J"), "score: Input should be"),
    ],
)
def test_an_unreadable_record_is_reported_and_the_next_one_is_printed(
    streams: JobSettings, broken: bytes, complaint: str
) -> None:
    write_all(streams, streams.alerts_stream, [broken, alert(1)])
    tailed = run_module("alerts", "tail", "--idle-seconds", "0.5")
    assert tailed.returncode == 0
    assert "ACC_1" in tailed.stdout
    assert complaint in tailed.stderr
    assert tailed.stderr.endswith("1 records could not be read\n")


def test_terminal_control_characters_are_escaped(streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [alert(1, account_id="A\x1b[2J[red]", likely_fraud_type=None)])
    tailed = run_module("alerts", "tail", "--max", "1")
    assert r"A\x1b[2J[red]" in tailed.stdout
    assert "\x1b" not in tailed.stdout
    assert "unknown" in tailed.stdout


def test_ctrl_c_stops_the_tail_with_code_0(streams: JobSettings) -> None:
    write_all(streams, streams.alerts_stream, [alert(1)])
    command = [sys.executable, "-m", "alerts", "tail"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "ACC_1" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")


def test_a_missing_stream_is_reported_by_name(kinesis_settings: JobSettings) -> None:
    tailed = run_module("alerts", "tail", "--max", "1")
    assert tailed.returncode == 1
    assert f"stream '{kinesis_settings.alerts_stream}' does not exist" in tailed.stderr


def test_a_dead_letter_shows_reason_size_shard_detail_and_the_start_of_the_record(
    streams: JobSettings,
) -> None:
    write_all(
        streams,
        streams.dead_letters_stream,
        [
            dead_letter(b'\xff\xfe{"x":1}', 1),
            dead_letter(b"", 2, encoding="utf-8", raw="y" * 300, size_bytes=131_072, reason="oversize"),
        ],
    )
    shown = run_module("alerts", "dead", "list")
    assert shown.returncode == 0, shown.stderr
    first, second = shown.stdout.splitlines()
    assert re.fullmatch("[0-9a-f]{16}", first[:16])
    assert first[16:] == (
        "  2026-01-03 01:04:06  malformed_json  9 bytes  shardId-000000000003  unexpected end  "
        r'\xff\xfe{"x":1}'
    )
    assert "oversize  131,072 bytes" in second
    assert second.endswith("y" * 60 + "…")


def test_dead_letters_with_the_same_record_and_reason_are_printed_once(streams: JobSettings) -> None:
    letters = [dead_letter(b"a", 1), dead_letter(b"a", 1), dead_letter(b"a", 2)]
    unplaced = dead_letter(b"b", 3, shard_id=None, sequence_number=None)
    write_all(streams, streams.dead_letters_stream, [*letters, unplaced, unplaced])
    shown = run_module("alerts", "dead", "list", "--json")
    assert len(shown.stdout.splitlines()) == 4


def test_a_dead_letter_that_contradicts_its_encoding_is_unreadable(streams: JobSettings) -> None:
    write_all(streams, streams.dead_letters_stream, [dead_letter(b"a", 1, raw="§§")])
    shown = run_module("alerts", "dead", "list")
    assert (shown.returncode, shown.stdout) == (0, "")
    assert "1 records could not be read" in shown.stderr


@pytest.fixture
def consumer_of(streams: JobSettings) -> Callable[[int], Consumer[Alert]]:
    def make(remembered: int) -> Consumer[Alert]:
        reader = StreamReader(kinesis_client(streams), streams.alerts_stream, poll_interval_ms=10)
        return Consumer(reader, Alert, on_unreadable=lambda _record, _why: None, remembered=remembered)

    return make


@pytest.mark.parametrize("emulator", ["embedded"], indirect=True)
@pytest.mark.parametrize(("remembered", "handed_out"), [(3, ["0", "1", "2"]), (2, ["0", "1", "2", "0"])])
def test_the_number_of_remembered_ids_is_bounded(
    streams: JobSettings,
    consumer_of: Callable[[int], Consumer[Alert]],
    remembered: int,
    handed_out: list[str],
) -> None:
    consumer = consumer_of(remembered)
    write_all(streams, streams.alerts_stream, [alert(0), alert(1), alert(2), alert(0)])
    received = consumer.poll()
    assert [item.message.alert_id for item in received] == [f"alert-{number}" for number in handed_out]
    assert consumer.doubled == 4 - len(handed_out)
