"""Arbitrary bytes into the consumer: each record gives one message or one complaint, nothing else."""

import base64
import contextlib
import json
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.dead.hexdump import hexdump
from alerts.dead.record_repair import Patch, RepairError, repair
from alerts.handlers.console import shown
from alerts.lines import alert_line, dead_letter_line
from alerts.message_consumer import Consumer
from alerts.messages import UnreadableError, handover, parse
from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.streams.protocols import StreamRecord
from tests.fuzz_budget import examples
from tests.mutations import MANY_DEEP, VALUES, changed
from tests.unit.alerts.alert_fakes import RetainingKinesis, reader_of
from tests.unit.alerts.alert_samples import alert, dead_letter, review, summary, transaction

LIMIT_BYTES = 65_536


def record(data: bytes) -> StreamRecord:
    return StreamRecord(data, "key", "s0", "1", 0)


@examples(300)
@given(
    st.binary(max_size=300)
    | MANY_DEEP
    | VALUES.map(lambda value: json.dumps(value).encode())
    | changed(alert(1))
    | changed(review(1))
    | changed(summary(1))
)
@example(b"\xef\xbb\xbf" + alert(1))
@example(alert(1).replace(b"0.9731", b"1e400"))
@example(alert(1).replace(b"0.9731", b"9" * 5_000))
@example(alert(1).replace(b'"ACC_1"', b'"\\ud800"'))
@example(alert(1).replace(b'"ACC_1"', b'"\\u0000"'))
def test_any_bytes_give_a_printable_alert_or_one_complaint(data: bytes) -> None:
    try:
        received = parse(record(data), Alert)
    except UnreadableError:
        return
    for is_replay in (False, True):
        passed = handover(received, is_replay=is_replay)
        assert b"\n" not in passed.body
        assert json.loads(passed.body).get("replayed", False) is is_replay
        assert "\x1b" not in shown(passed).plain
        assert Alert.from_json(passed.body).alert_id == received.message.alert_id
    assert "\n" not in alert_line(received.message).plain


@examples(300)
@given(
    st.binary(max_size=300)
    | MANY_DEEP
    | changed(dead_letter(b"\xff{", 1))
    | changed(dead_letter(b"", 1, encoding="utf-8", raw='{"a": 1}'))
)
def test_any_bytes_give_a_printable_dead_letter_or_one_complaint(data: bytes) -> None:
    try:
        letter = parse(record(data), DeadLetter).message
    except UnreadableError:
        return
    assert "\x1b" not in dead_letter_line(letter).plain
    assert len(letter.letter_id("Transactions")) == 16
    assert sum(len(line.split("|", 1)[1]) - 1 for line in hexdump(letter.raw_bytes)) == len(letter.raw_bytes)


@examples(120)
@given(
    st.lists(
        st.binary(max_size=50)
        | changed(alert(1))
        | changed(review(1))
        | changed(summary(1))
        | st.integers(0, 3).map(alert),
        max_size=12,
    )
)
def test_every_record_of_a_stream_is_delivered_a_duplicate_or_one_complaint(records: list[bytes]) -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", *records)
    complaints: list[str] = []
    consumer = Consumer(
        reader_of(kinesis), Alert, on_unreadable=lambda _record, reason: complaints.append(reason)
    )
    received = consumer.poll()
    assert len(received) + consumer.doubled + len(complaints) == len(records)
    assert len(complaints) == consumer.unreadable
    assert all(complaints)


PATHS = (
    st.sampled_from(["", "/", "/account_id", "/a/b", "/a/-", "/a/0", "/a/99", "/~2", "no slash", "/é"])
    | VALUES
)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "append", "fly"]) | VALUES,
        "path": PATHS,
        "from": PATHS,
        "value": VALUES,
    },
)
PATCHES = st.lists(OPERATIONS | VALUES, max_size=4) | VALUES
RECORDS = (
    st.binary(max_size=100)
    | MANY_DEEP
    | changed(orjson.dumps(transaction(1, a=[1, {"b": 2}])))
    | VALUES.map(lambda value: json.dumps({"a": value, **transaction(1)}).encode())
)


def letter_of(raw: bytes) -> DeadLetter:
    return DeadLetter(
        reason="wrong_type",
        detail="",
        encoding="base64",
        raw=base64.b64encode(raw).decode(),
        truncated=False,
        size_bytes=len(raw),
        sha256="00",
    )


@examples(250)
@given(RECORDS, PATCHES | st.none())
@example(b'{"x": ' + b"[" * 1_000 + b"]" * 1_000 + b"}", [{"op": "copy", "from": "/x", "path": "/y"}])
def test_any_record_with_any_patch_gives_a_valid_record_or_one_complaint(raw: bytes, operations: Any) -> None:  # noqa: ANN401 - any JSON value
    try:
        patch = None if operations is None else Patch(json.dumps(operations))
        repaired = repair(letter_of(raw), patch, "Transactions", LIMIT_BYTES)
    except RepairError:
        return
    document = orjson.loads(repaired.data)
    assert document["account_id"] == repaired.partition_key
    assert document["redriven_from"] == "Transactions/-/-/00"
    assert 1 <= len(repaired.partition_key) <= 256
    assert b"\n" not in repaired.data
    assert len(repaired.data) <= LIMIT_BYTES


@examples(300)
@given(st.text(max_size=200))
@example("[" * 2_000)
@example("[1e400]")
def test_any_text_gives_a_patch_or_one_complaint(text: str) -> None:
    with contextlib.suppress(RepairError):
        Patch(text)
