"""`dead show` of a letter that sums up others says where to read their records again."""

from pathlib import Path

import pytest

import alerts.commands.common
from fraudstream.domain.dead_letter import DeadLetter
from tests.unit.alerts.alert_command import alerts_command
from tests.unit.alerts.alert_fakes import RetainingKinesis
from tests.unit.alerts.alert_samples import dead_letter

SUMMARY = {"encoding": "utf-8", "raw": "", "truncated": True}
RANGE = {
    "shard_id": "shardId-000000000003",
    "first_sequence_number": "71",
    "last_sequence_number": "95",
    "count": 1_210,
}
UNKNOWN = {"shard_id": None, "first_sequence_number": None, "last_sequence_number": None, "count": 2}


def shown(letter: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", letter)
    monkeypatch.setattr(alerts.commands.common, "kinesis_client", lambda _settings: kinesis.client)
    monkeypatch.setenv("ALERTS_STORE", f"sqlite:{tmp_path / 'store.sqlite'}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    letter_id = DeadLetter.model_validate_json(letter).letter_id("Transactions")
    done = alerts_command("dead", "show", letter_id)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_summary_of_many_letters_has_its_counts_and_ranges(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reasons = {"late": 1_200, "wrong_type": 12}
    facts = {"reason": "too_many_letters", "count": 1_212, "reasons": reasons, "ranges": [RANGE, UNKNOWN]}
    place = {"shard_id": None, "sequence_number": None, "arrival_time": None}
    lines = shown(dead_letter(b"", 1, **SUMMARY | facts | place), monkeypatch, tmp_path)
    assert lines[-3:] == [
        "sums up   1,212 refused records: 1,200 late, 12 wrong_type",
        "range     shardId-000000000003, 71 to 95: 1,210 records",
        "range     no shard, - to -: 2 records",
    ]


def test_a_summary_of_many_parts_has_its_bytes_in_the_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    facts = {"reason": "too_many_parts", "count": 7, "reasons": {"missing_field": 7}}
    lines = shown(dead_letter(b"", 1, **SUMMARY | facts, from_byte=300, to_byte=1_020), monkeypatch, tmp_path)
    assert lines[-2:] == [
        "sums up   7 refused records: 7 missing_field",
        "bytes     300 to 1020 of the stream record",
    ]


def test_another_letter_sums_up_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = shown(dead_letter(b"x", 1), monkeypatch, tmp_path)
    assert not [line for line in lines if line.startswith(("sums up", "range", "bytes"))]
