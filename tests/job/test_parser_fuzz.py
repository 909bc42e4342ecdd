"""The kernel's parsers against naive ones in Python: any bytes are refused for the same reason, or equal."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.domain import record_gate
from fraudstream.domain.record_gate import KPL_MAGIC, read_label, read_transaction
from fraudstream.domain.transaction import COLUMN_KINDS, Label, Transaction
from fraudstream.streams.kinesis.kpl_aggregate import DIGEST_BYTES, parts_of
from tests.fuzz_budget import examples
from tests.job.parser_probe import ARRIVAL_MS, FUTURE_TOLERANCE_MS
from tests.job.record_reference import LABEL_KINDS, RefusedRecordError, label_fields, transaction_fields
from tests.kpl_records import aggregated, with_digest
from tests.mutations import MANY_DEEP, VALUES, changed, damaged, rewritten
from tests.probing import Answer, Probe, probing

TRANSACTION = Transaction(
    transaction_id="T1",
    event_time_ms=ARRIVAL_MS,
    account_id="ACC_1",
    transaction_amount_vnd=250_000.5,
    customer_id="C_ü",
    device_id="DEV_1",
    merchant_id="😀",
    city="Huế",
    latitude=16.4637,
    longitude=107.5909,
    transaction_fees_vnd=0,
    biometric_failure_count=2,
    npl_flag=False,
)
LABEL = Label(
    transaction_id="T1",
    account_id="ACC_1",
    event_time_ms=ARRIVAL_MS,
    available_at_ms=ARRIVAL_MS + 1,
    is_fraud=True,
    device_id="DEV_1",
    customer_id="C_ü",
)
TIMES = [
    "2026-01-03T03:04:05.678Z",
    "2026-01-03T03:04:05.679Z",
    "2026-01-03T10:04:05.679+07:00",
    "9999-12-31T23:59:59Z",
    "0000-12-31T23:59:59-00:01",
    "2026-02-30T00:00:00Z",
]
"""At the limit of the tolerance and just behind it, outside the years that are accepted, and on no day."""
# Fields with refusals of their own are drawn more often.
TRANSACTION_NAMES = [*COLUMN_KINDS, *["event_time", "transaction_amount_vnd"] * 4]
LABEL_NAMES = [*LABEL_KINDS, "fraud_type"]
AGGREGATED_MESSAGE = aggregated((b"{}", "A1"), (b"[]", "A2"), (b"", "A1"))[len(KPL_MAGIC) : -DIGEST_BYTES]


def records(sample: bytes, names: list[str]) -> st.SearchStrategy[bytes]:
    fields = {name: value for name, value in orjson.loads(sample).items() if value is not None}
    plain = json.dumps(fields).encode()
    odd = (
        st.binary(max_size=300)
        | MANY_DEEP
        | damaged(aggregated((plain, "A1")))
        | VALUES.map(lambda value: json.dumps(value).encode())
        | st.sampled_from(("utf-16", "utf-32", "utf-16-le", "utf-8-sig")).map(plain.decode().encode)
    )
    retimed = st.sampled_from(TIMES).map(lambda time: json.dumps(fields | {"event_time": time}).encode())
    # Most get past the first brace.
    return st.one_of(
        rewritten(fields, names), rewritten(fields, names), damaged(plain), changed(plain), retimed | odd
    )


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    with probing("tests.job.parser_probe") as running:
        yield running


def check(answer: Answer, reference: Callable[[], dict[str, Any]]) -> bool:
    """Compare an answer with the reference, and return whether the record was accepted."""
    assert not answer.keys() & {"failed", "crashed"}, answer
    expected = expectation(reference)
    if "refused" not in expected:
        assert answer == expected
        return True
    assert answer.get("message", "").strip(), answer
    # A fault of the text is seen after the fields before it.
    assert expected["refused"] in {answer["refused"], "malformed_json"}
    return False


def expectation(reference: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return {"fields": reference()}
    except RefusedRecordError as refused:
        return {"refused": refused.reason}


@examples(800)
@given(record=records(TRANSACTION.to_json(), TRANSACTION_NAMES))
@example(record=TRANSACTION.to_json())
def test_a_transaction_of_any_bytes_is_read_as_the_reference_reads_it(probe: Probe, record: bytes) -> None:
    answer = probe.ask("T", record)
    if check(answer, lambda: transaction_fields(record, ARRIVAL_MS, FUTURE_TOLERANCE_MS)):
        assert_equal_fields(answer["fields"], read_transaction(record))
    elif answer["refused"] != "future_time":
        with pytest.raises(record_gate.RefusedRecordError):
            read_transaction(record)


@examples(400)
@given(record=records(LABEL.to_json(), LABEL_NAMES))
@example(record=LABEL.to_json())
def test_a_label_of_any_bytes_is_read_as_the_reference_reads_it(probe: Probe, record: bytes) -> None:
    answer = probe.ask("L", record)
    if check(answer, lambda: label_fields(record)):
        assert_equal_fields(answer["fields"], read_label(record))
    else:
        with pytest.raises(record_gate.RefusedRecordError):
            read_label(record)


def assert_equal_fields(fields: dict[str, Any], read: Transaction | Label) -> None:
    known = {f"{name}_ms" if hasattr(read, f"{name}_ms") else name: value for name, value in fields.items()}
    assert {name: getattr(read, name) for name in known} == known


@examples(300)
@given(message=damaged(AGGREGATED_MESSAGE))
@example(message=AGGREGATED_MESSAGE)
def test_an_aggregate_with_any_message_is_sound_to_the_kernel_if_it_is_to_the_reader(
    probe: Probe, message: bytes
) -> None:
    record = with_digest(message)
    answer = probe.ask("T", record)
    assert answer["refused"] == "aggregation"
    is_sound = "another aggregated record, where it is not taken apart" in answer["message"]
    assert is_sound == (parts_of(record) is not None), answer


def test_the_records_reach_every_reason_and_both_kinds_are_read(probe: Probe) -> None:
    reasons: set[str | None] = set()

    @examples(600)
    @given(record=records(TRANSACTION.to_json(), TRANSACTION_NAMES))
    def draw(record: bytes) -> None:
        reasons.add(probe.ask("T", record).get("refused"))

    draw()
    assert reasons == {
        None,
        "aggregation",
        "malformed_json",
        "wrong_type",
        "missing_field",
        "invalid_time",
        "future_time",
        "invalid_amount",
        "invalid_value",
    }
