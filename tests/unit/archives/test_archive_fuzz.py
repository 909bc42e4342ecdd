"""Arbitrary and damaged bytes as record files: records, or an `ArchiveError`; never a crash."""

import gzip
from collections.abc import Iterator
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraudstream.domain.transaction import Transaction
from tests.fuzz_budget import examples
from tests.mutations import MANY_DEEP, changed, damaged
from tests.probing import Answer, Probe, probing

RECORDS = [
    Transaction(
        transaction_id=f"T{number}",
        event_time_ms=1_767_323_045_678 + number,
        account_id="ACC_ü" if number % 2 else "ACC_1",
        transaction_amount_vnd=1_000.5 * (number + 1),
        npl_flag=None if number % 3 else True,
    ).to_json()
    for number in range(8)
]
LINES = b"\n".join(RECORDS) + b"\n"


def parquet(*, compression: str, is_dictionary: bool) -> bytes:
    file = BytesIO()
    columns = {
        "transaction_id": [f"T{number}" for number in range(20)],
        "account_id": ["A", "B"] * 10,
        "event_time": pa.array(range(20), pa.timestamp("ms", "UTC")),
        "transaction_amount_vnd": [float(number) for number in range(20)],
        "available_at": ["2026-01-02T03:04:05Z"] * 20,
        "is_fraud": [True, None] * 10,
        "npl_flag": [None, False] * 10,
        "note": [[{"a": number, "b": "x"}] for number in range(20)],
    }
    pq.write_table(
        pa.table(columns), file, compression=compression, use_dictionary=is_dictionary, row_group_size=9
    )
    return file.getvalue()


PARQUETS = [
    parquet(compression=compression, is_dictionary=is_dictionary)
    for compression in ("none", "snappy", "zstd")
    for is_dictionary in (True, False)
]


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    with probing("tests.unit.archives.archive_probe") as running:
        yield running


def checked(answer: Answer) -> None:
    assert answer.keys() in ({"records"}, {"refused"}), answer


@pytest.mark.parametrize(
    ("kind", "data", "records"), [("J", LINES, 8), ("Z", gzip.compress(LINES), 8), ("P", PARQUETS[0], 20)]
)
def test_the_samples_are_read(probe: Probe, kind: str, data: bytes, records: int) -> None:
    assert probe.ask(kind, data) == {"records": records}


@examples(120)
@given(
    st.binary(max_size=100)
    | damaged(LINES)
    | st.lists(
        changed(RECORDS[0]) | MANY_DEEP | st.sampled_from((b"", b"}{", b"\r", b"{}{}")), max_size=5
    ).map(b"".join)
)
@example(b"\xff" * 10)
def test_lines_of_any_bytes_are_records_or_refused(probe: Probe, data: bytes) -> None:
    checked(probe.ask("J", data))
    checked(probe.ask("Z", gzip.compress(data, 1)))


@examples(120)
@given(st.binary(max_size=40) | damaged(gzip.compress(LINES)))
@example(gzip.compress(LINES) + b"\x00")
@example(gzip.compress(LINES) * 2)
def test_damaged_compressed_lines_are_records_or_refused(probe: Probe, data: bytes) -> None:
    checked(probe.ask("Z", data))


@st.composite
def damaged_footer(draw: st.DrawFn, sample: bytes) -> bytes:
    """Draw a file with damage in its footer, whose length stays right."""
    length = int.from_bytes(sample[-8:-4], "little")
    footer = draw(damaged(sample[-8 - length : -8]))
    return sample[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@examples(250)
@given(
    st.binary(max_size=40)
    | st.sampled_from(PARQUETS).flatmap(damaged)
    | st.sampled_from(PARQUETS).flatmap(damaged_footer)
)
def test_damaged_parquet_files_are_records_or_refused(probe: Probe, data: bytes) -> None:
    checked(probe.ask("P", data))
