"""Dead letters against the emulator: list, show, repair, redrive."""

import re
import time
from pathlib import Path

import orjson
import pytest

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.transaction import Transaction
from fraudstream.streams.kinesis.kinesis_client import kinesis_client
from jobs.job_settings import JobSettings
from localstack.streams import create_streams
from tests.job.kernel_probe import running_probe
from tests.stack.stack_helpers import read_all, write_all
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_samples import dead_letter, transaction

pytestmark = pytest.mark.parametrize("emulator", ["embedded"], indirect=True)

BROKEN = orjson.dumps(transaction(1, transaction_amount_vnd="a lot"))
LATE = orjson.dumps(transaction(2))


@pytest.fixture
def streams(kinesis_settings: JobSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobSettings:
    create_streams(kinesis_client(kinesis_settings), kinesis_settings, wait_s=30)
    monkeypatch.setenv("ALERTS_STORE", f"sqlite:{tmp_path / 'store.sqlite'}")
    letters = [
        dead_letter(BROKEN, 1, reason="wrong_type"),
        dead_letter(LATE, 2, reason="late"),
        dead_letter(b"\xff\x00 no json", 3),
        dead_letter(LATE[:9], 4, reason="oversize", truncated=True, size_bytes=900_000),
    ]
    write_all(kinesis_settings, kinesis_settings.dead_letters_stream, letters)
    return kinesis_settings


def letter_id(settings: JobSettings, data: bytes, number: int) -> str:
    letter = DeadLetter.model_validate_json(dead_letter(data, number))
    return letter.letter_id(settings.transactions_stream)


def sent(settings: JobSettings) -> list[tuple[str, dict[str, object]]]:
    records = read_all(settings, settings.transactions_stream)
    return sorted((record.partition_key, orjson.loads(record.data)) for record in records)


def test_dead_letters_are_listed_by_reason_and_time(streams: JobSettings) -> None:
    listed = alerts_command("dead", "list", "--reason", "late", "--reason", "oversize")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert [re.split(r"\s{2,}", line)[2] for line in listed.stdout.splitlines()] == ["late", "oversize"]
    time.sleep(1.1)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_all(streams, streams.dead_letters_stream, [dead_letter(b"new", 9)])
    before = alerts_command("dead", "list", "--until", now, "--json")
    after = alerts_command("dead", "list", "--since", now, "--json")
    assert len(before.stdout.splitlines()) == 4
    assert after.stdout.encode() == dead_letter(b"new", 9) + b"\n"


def test_a_dead_letter_is_repaired_redriven_once_and_marked_as_redriven(
    streams: JobSettings, tmp_path: Path
) -> None:
    name = letter_id(streams, BROKEN, 1)
    patch = tmp_path / "patch.json"
    patch.write_text('[{"op": "replace", "path": "/transaction_amount_vnd", "value": 7}]')

    unmended = alerts_command("dead", "redrive", name)
    assert unmended.returncode == 1
    assert "transaction_amount_vnd is 'a lot'; it must be a number" in unmended.stderr
    assert unmended.stderr.endswith("repair it with --patch\n0 of 1 sent\n")
    dry = alerts_command("dead", "redrive", name, "--patch", str(patch), "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, "1 of 1 would be sent\n")
    assert sent(streams) == []

    first = alerts_command("dead", "redrive", name, "--patch", str(patch))
    assert (first.returncode, first.stdout) == (0, f"{name}  sent\n")
    second = alerts_command("dead", "redrive", name, "--patch", str(patch))
    assert second.returncode == 1
    assert "already redriven at " in second.stderr
    ((key, record),) = sent(streams)
    assert key == "ACC_1"
    assert record == orjson.loads(dry.stdout)
    assert record["transaction_amount_vnd"] == 7

    shown = alerts_command("dead", "show", name)
    assert shown.returncode == 0
    assert '00000000  7b 22 74 72 61 6e 73 61  63 74 69 6f 6e 5f 69 64  |{"transaction_id|' in shown.stdout
    assert re.search(r"^redriven  at .*, patched with .*\"value\": 7", shown.stdout, re.MULTILINE)
    again = alerts_command("dead", "redrive", name, "--patch", str(patch), "--again")
    assert again.returncode == 0
    assert len(sent(streams)) == 2


def test_selected_dead_letters_are_redriven_and_each_failure_gives_its_reason(streams: JobSettings) -> None:
    done = alerts_command("dead", "redrive", "--since", "2020-01-01T00:00:00Z")
    assert done.returncode == 1
    assert done.stdout == f"{letter_id(streams, LATE, 2)}  sent\n"
    assert "not a JSON object" in done.stderr
    assert "only the start of the record's 900,000 bytes" in done.stderr
    assert done.stderr.endswith("1 of 4 sent\n")


def test_a_missing_dead_letter_is_reported_by_id(streams: JobSettings) -> None:
    for command in ("show", "redrive"):
        done = alerts_command("dead", command, "0123456789abcdef")
        assert done.returncode == 1
        assert (
            f"dead letter 0123456789abcdef not found in stream '{streams.dead_letters_stream}'" in done.stderr
        )


class Marked(Transaction):
    """A transaction whose record is a redriven one."""

    def to_json(self) -> bytes:
        """Return the record with its redrive mark."""
        mark = {"redriven_from": f"Transactions/shardId-000000000003/7/{'0' * 64}"}
        return orjson.dumps(orjson.loads(super().to_json()) | mark)


@pytest.mark.usefixtures("streams")
def test_the_kernel_ignores_the_mark_of_a_redriven_record() -> None:
    fields = {"transaction_id": "T1", "event_time_ms": 1_767_312_000_000, "account_id": "A"}
    plain = Transaction(**fields, transaction_amount_vnd=5.0)  # type: ignore[arg-type] # of their types
    marked = Marked(**fields, transaction_amount_vnd=5.0)  # type: ignore[arg-type] # of their types
    with running_probe() as probe:
        (one,) = probe.run(BUILT_IN, [plain], allowed_lateness_ms=0)
        (other,) = probe.run(BUILT_IN, [marked], allowed_lateness_ms=0)
    assert one.outcome == "new"
    assert other == one
