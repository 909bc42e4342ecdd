"""Repair of a dead letter to a record that is sent again."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.dead.hexdump import hexdump
from alerts.dead.letters import Letter, LetterFilter
from alerts.dead.record_repair import Patch, RepairedRecord, RepairError, repair
from alerts.dead.redrive import Redriver
from alerts.messages import ReceivedMessage
from alerts.store.progress_store import StoreError
from alerts.store.redrives import DynamoRedrives, RedriveStore
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.streams.protocols import FailedRecord, PutResult, Record, StreamRecord
from fraudstream.streams.stream_errors import StreamError
from tests.kpl_records import aggregated
from tests.unit.alerts.alert_samples import dead_letter, transaction

STREAM = "Transactions"
LIMIT_BYTES = 65_536
WHOLE = Patch(orjson.dumps([{"op": "replace", "path": "", "value": transaction(1)}]).decode())


def letter_of(data: bytes, number: int = 7, /, **changes: object) -> DeadLetter:
    return DeadLetter.model_validate_json(dead_letter(data, number, **changes))


def patch_of(*operations: dict[str, Any]) -> Patch:
    return Patch(orjson.dumps(list(operations)).decode())


def repaired(data: bytes, patch: Patch | None = None, **changes: object) -> RepairedRecord:
    return repair(letter_of(data, 7, **changes), patch, STREAM, LIMIT_BYTES)


def test_a_record_is_redriven_unchanged_with_a_mark_of_its_origin() -> None:
    raw = orjson.dumps(transaction(1, note="kept"))
    result = repaired(raw)
    letter = letter_of(raw)
    assert orjson.loads(result.data) == transaction(1, note="kept") | {
        "redriven_from": f"Transactions/shardId-000000000003/7/{letter.sha256}"
    }
    assert result.partition_key == "ACC_1"


def test_a_patch_repairs_it_and_the_key_is_the_repaired_account() -> None:
    raw = orjson.dumps(transaction(1, account_id=17, transaction_amount_vnd="a lot"))
    patch = patch_of(
        {"op": "replace", "path": "/account_id", "value": "ACC_17"},
        {"op": "replace", "path": "/transaction_amount_vnd", "value": 5},
    )
    result = repaired(raw, patch)
    assert result.partition_key == "ACC_17"
    assert orjson.loads(result.data)["transaction_amount_vnd"] == 5


def test_a_dead_letter_of_a_redriven_record_gets_a_new_mark() -> None:
    raw = orjson.dumps(transaction(1, redriven_from="Transactions/s0/1/00"))
    assert orjson.loads(repaired(raw).data)["redriven_from"].startswith(
        "Transactions/shardId-000000000003/7/"
    )


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"{not json", b"", b"[1, 2]", b"7"])
def test_a_record_that_is_not_an_object_is_repaired_by_replacing_it(raw: bytes) -> None:
    with pytest.raises(RepairError, match=r"not a JSON object.*; repair it with --patch"):
        repaired(raw)
    assert orjson.loads(repaired(raw, WHOLE).data)["transaction_id"] == "T1"


def test_a_multiline_record_is_redriven_on_one_line() -> None:
    raw = orjson.dumps(transaction(1), option=orjson.OPT_INDENT_2)
    assert b"\n" not in repaired(raw).data


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"transaction_id": ""}, "transaction_id is empty"),
        ({"transaction_id": None}, "transaction_id is missing or null"),
        ({"transaction_id": " "}, "transaction_id is empty"),
        ({"account_id": "x" * 257}, "account_id has 257 characters"),
        ({"account_id": "\U0001f600" * 129}, "account_id has 258 characters"),
        ({"device_id": 5}, "device_id is '5'; it must be a string"),
        ({"npl_flag": 1}, "npl_flag is '1'; it must be true or false"),
        ({"event_time": "yesterday"}, "event_time: 'yesterday'"),
        ({"event_time": 7}, "event_time is '7'"),
        ({"event_time": "2026-01-02T03:04:05"}, "event_time: '2026-01-02T03:04:05' is not"),
        ({"transaction_amount_vnd": 0}, "transaction_amount_vnd is 0"),
        ({"transaction_amount_vnd": True}, "transaction_amount_vnd is 'true'"),
        ({"transaction_amount_vnd": "5"}, "transaction_amount_vnd is '5'"),
        ({"transaction_amount_vnd": 1e16}, r"transaction_amount_vnd is 1e\+16"),
        *(({name: -1e9}, f"{name} is -1000000000.0") for name in NUMBER_RANGES),
        *(({name: 1e39}, rf"{name} is 1e\+39") for name in NUMBER_RANGES),
        ({"latitude": "10"}, "latitude is '10'"),
    ],
)
def test_a_record_that_the_job_would_reject_again_is_not_sent(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RepairError, match=rf"^{complaint}.*; repair it with --patch$"):
        repaired(orjson.dumps(transaction(1, **changes)))


@pytest.mark.parametrize("name", ["transaction_id", "account_id", "device_id", "counterparty_id"])
def test_an_id_with_a_control_character_is_not_sent(name: str) -> None:
    with pytest.raises(RepairError, match=rf"^{name} has the control character U\+202E in it.*--patch$"):
        repaired(orjson.dumps(transaction(1, **{name: "A\u202e1"})))


def test_numbers_at_the_limits_of_their_ranges_and_missing_ones_are_sent() -> None:
    limits = {name: allowed.maximum for name, allowed in NUMBER_RANGES.items()}
    assert repaired(orjson.dumps(transaction(1, **limits))).partition_key == "ACC_1"
    nulls = dict.fromkeys(NUMBER_RANGES, None) | {"transaction_amount_vnd": 1}
    assert repaired(orjson.dumps(transaction(1, **nulls))).partition_key == "ACC_1"


def test_a_label_is_rejected_as_a_transaction() -> None:
    label = {
        "transaction_id": "T1",
        "account_id": "A",
        "event_time": "2026-01-02T03:04:05Z",
        "is_fraud": True,
    }
    with pytest.raises(RepairError, match="transaction_amount_vnd is missing or null"):
        repaired(orjson.dumps(label))


def test_a_truncated_dead_letter_is_rejected_with_the_reason() -> None:
    with pytest.raises(RepairError, match=r"only the start of the record's 900,000 bytes.*from its sender"):
        repaired(orjson.dumps(transaction(1)), WHOLE, truncated=True, size_bytes=900_000)


@pytest.mark.parametrize("truncated", [False, True])
def test_a_damaged_aggregate_is_rejected_although_a_patch_could_make_one_transaction_of_it(
    *, truncated: bool
) -> None:
    with pytest.raises(
        RepairError, match=r"aggregated from several.*its producer send its transactions again"
    ):
        repaired(aggregated((b"{}", "A1"))[:-1], WHOLE, reason="aggregation", truncated=truncated)


def test_a_summary_is_rejected_and_says_where_its_records_are() -> None:
    with pytest.raises(RepairError, match=r"sums up 412 refused records.*by shard and sequence number"):
        repaired(
            b"", WHOLE, truncated=True, count=412, reasons={"malformed_json": 412}, from_byte=9, to_byte=99
        )


def test_a_record_too_large_for_the_job_can_be_shortened() -> None:
    raw = orjson.dumps(transaction(1, note="x" * LIMIT_BYTES))
    with pytest.raises(RepairError, match="the job accepts 65,536; shorten it with --patch"):
        repaired(raw)
    assert repaired(raw, patch_of({"op": "remove", "path": "/note"})).partition_key == "ACC_1"


@pytest.mark.parametrize("extra", [b"[" * 400 + b"]" * 400, b'"\\ud83d"', b'{"a": "\\ude00"}'])
def test_what_the_job_accepts_in_an_unknown_field_is_kept(extra: bytes) -> None:
    raw = orjson.dumps(transaction(1))[:-1] + b', "memo": ' + extra + b"}"
    sent = json.loads(repaired(raw).data)
    assert sent["memo"] == json.loads(extra)


def test_a_number_beyond_the_range_of_a_double_is_never_changed_in_silence() -> None:
    raw = orjson.dumps(transaction(1))[:-1] + b', "memo": 1e999}'
    with pytest.raises(RepairError, match=r"can't be written as JSON: .*repair it with --patch"):
        repaired(raw)
    assert repaired(raw, patch_of({"op": "remove", "path": "/memo"})).partition_key == "ACC_1"


def test_a_patch_that_cannot_be_applied_is_reported() -> None:
    with pytest.raises(RepairError, match=r"the patch does not fit this record: .*nowhere"):
        repaired(orjson.dumps(transaction(1)), patch_of({"op": "remove", "path": "/nowhere"}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "7",
        '[{"op": "fly", "path": "/a"}]',
        '[{"path": "/a"}]',
        "[[]]",
        '[{"op": "add", "path": "a"}]',
    ],
)
def test_an_invalid_patch_is_rejected_when_it_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "patch.json").write_text(text)
    with pytest.raises(RepairError, match="not a JSON patch: "):
        Patch.load(tmp_path / "patch.json")


def test_a_missing_patch_file_is_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(RepairError, match=r"patch\.json can't be read"):
        Patch.load(tmp_path / "patch.json")


def test_a_dead_letter_without_a_stream_position_still_has_an_id() -> None:
    letter = letter_of(b"x", shard_id=None, sequence_number=None)
    assert letter.origin(STREAM) == f"Transactions/-/-/{letter.sha256}"
    assert len(letter.letter_id(STREAM)) == 16
    assert letter.letter_id(STREAM) != letter_of(b"x").letter_id(STREAM)


def test_a_selection_applies_all_its_conditions() -> None:
    message = letter_of(b"x", reason="late")
    letter = Letter(message.letter_id(STREAM), message, b"", refused_ms=100)
    assert LetterFilter().has(letter)
    assert LetterFilter(reasons=frozenset({"late", "scoring"}), since_ms=100, until_ms=101).has(letter)
    assert not LetterFilter(reasons=frozenset({"scoring"})).has(letter)
    assert not LetterFilter(since_ms=101).has(letter)
    assert not LetterFilter(until_ms=100).has(letter)
    assert not LetterFilter(letter_ids=frozenset({"0" * 16})).has(letter)
    assert LetterFilter(letter_ids=frozenset({letter.letter_id})).has(letter)


def test_bytes_are_shown_in_rows_of_sixteen_with_their_text() -> None:
    assert list(hexdump(b'{"a": 1}\x00\xff\nabcdef')) == [
        '00000000  7b 22 61 22 3a 20 31 7d  00 ff 0a 61 62 63 64 65  |{"a": 1}...abcde|',
        "00000010  66                                                |f|",
    ]
    assert list(hexdump(b"")) == []


class FakeWriter:
    """A stream that accepts records, or fails as configured."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.error: StreamError | None = None
        self.is_lost = False

    def put(self, records: Sequence[Record]) -> PutResult:
        """Accept records."""
        if self.error:
            raise self.error
        self.records += records
        failures = [FailedRecord(0, records[0], "ReadTimeoutError", "")] if self.is_lost else []
        return PutResult(sent=len(records) - len(failures), failures=failures)


@pytest.fixture
def writer() -> FakeWriter:
    return FakeWriter()


def redriver(
    store: RedriveStore, writer: FakeWriter, *, again: bool = False, patch: Patch | None = None
) -> Redriver:
    return Redriver(
        store, writer, STREAM, patch=patch, again=again, max_record_bytes=LIMIT_BYTES, now_ms=lambda: 5_000
    )


def letter(number: int = 1, data: bytes | None = None) -> Letter:
    raw = dead_letter(orjson.dumps(transaction(number)) if data is None else data, number)
    record = StreamRecord(raw, "key", "s0", str(number), 1_000)
    return Letter.of(ReceivedMessage(DeadLetter.model_validate_json(raw), record), STREAM)


def test_a_redrive_is_sent_under_its_account_and_its_original_is_kept(
    redrives: RedriveStore, writer: FakeWriter
) -> None:
    one = letter(data=b"\xff")
    redriver(redrives, writer, patch=WHOLE).redrive(one)
    ((data, key),) = writer.records
    (kept,) = redrives.of(one.letter_id)
    assert key == "ACC_1"
    assert (kept.record, kept.original, kept.patch) == (data, one.original, WHOLE.text)
    assert (kept.began_at_ms, kept.sent_at_ms) == (5_000, 5_000)
    assert base64.b64decode(orjson.loads(kept.original)["raw"]) == b"\xff"


def test_a_second_redrive_is_rejected_with_the_time_of_the_first(
    redrives: RedriveStore, writer: FakeWriter
) -> None:
    redriver(redrives, writer).redrive(letter())
    with pytest.raises(RepairError, match=r"already redriven at 1970-01-01T00:00:05\.000Z; --again"):
        redriver(redrives, writer).redrive(letter())
    assert len(writer.records) == 1


def test_again_sends_the_record_once_more_and_keeps_both_attempts(
    redrives: RedriveStore, writer: FakeWriter
) -> None:
    redriver(redrives, writer).redrive(letter())
    redriver(redrives, writer, again=True).redrive(letter())
    assert len(writer.records) == 2
    assert writer.records[0] == writer.records[1]
    assert [each.attempt for each in redrives.of(letter().letter_id)] == [1, 2]


def test_dead_letters_are_redriven_independently(redrives: RedriveStore, writer: FakeWriter) -> None:
    for number in (1, 2, 3):
        redriver(redrives, writer).redrive(letter(number))
    assert [record.partition_key for record in writer.records] == ["ACC_1", "ACC_2", "ACC_3"]


def test_one_of_two_concurrent_redrives_is_rejected(
    redrives: RedriveStore, writer: FakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    redriver(redrives, writer).redrive(letter())
    monkeypatch.setattr(redrives, "of", lambda _letter_id: [])
    with pytest.raises(RepairError, match="another process is redriving it"):
        redriver(redrives, writer).redrive(letter())
    assert len(writer.records) == 1


def test_a_lost_response_leaves_the_redrive_open_and_nothing_is_sent_twice_without_again(
    redrives: RedriveStore, writer: FakeWriter
) -> None:
    writer.is_lost = True
    with pytest.raises(RepairError, match="ReadTimeoutError"):
        redriver(redrives, writer).redrive(letter())
    writer.is_lost = False
    with pytest.raises(RepairError, match="it is unknown whether its record is in"):
        redriver(redrives, writer).redrive(letter())
    redriver(redrives, writer, again=True).redrive(letter())
    assert [each.sent_at_ms for each in redrives.of(letter().letter_id)] == [None, 5_000]


def test_an_unusable_stream_leaves_no_redrive_record(redrives: RedriveStore, writer: FakeWriter) -> None:
    writer.error = StreamError("no such stream")
    with pytest.raises(StreamError):
        redriver(redrives, writer).redrive(letter())
    assert redrives.of(letter().letter_id) == []


def test_an_error_after_an_attempt_without_an_answer_leaves_the_redrive_open(
    redrives: RedriveStore, writer: FakeWriter
) -> None:
    writer.error = StreamError("access denied")
    writer.error.may_be_written = True
    with pytest.raises(StreamError):
        redriver(redrives, writer).redrive(letter())
    writer.error = None
    with pytest.raises(RepairError, match="it is unknown whether its record is in"):
        redriver(redrives, writer).redrive(letter())
    assert [each.sent_at_ms for each in redrives.of(letter().letter_id)] == [None]


def test_a_dry_run_sends_and_records_nothing(redrives: RedriveStore, writer: FakeWriter) -> None:
    assert redriver(redrives, writer).repaired(letter()).partition_key == "ACC_1"
    assert (writer.records, redrives.of(letter().letter_id)) == ([], [])


def test_a_dead_letter_too_large_for_the_table_is_rejected_before_it_is_sent(
    writer: FakeWriter, request: pytest.FixtureRequest
) -> None:
    store = DynamoRedrives(request.getfixturevalue("dynamodb"), "AlertConsumers")
    large = letter(data=b"x" * 400_000)
    with pytest.raises(
        StoreError, match=r"400,\d\d\d|53\d,\d\d\d bytes, an item at most 409,600.*sqlite:PATH"
    ):
        redriver(store, writer, patch=WHOLE).redrive(large)
    assert writer.records == []
