"""A file larger than a reader's split size keeps its order, and each run writes the same bytes."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.domain.catalogue import Catalogue, TransactionFeature, WindowFeature
from fraudstream.domain.duration import HOUR_MS, MINUTE_MS
from fraudstream.domain.transaction import format_time
from tests.job.job_helpers import run_feature_job

ROWS = 20_000
NOTE = "x" * 5_500
"""An unknown field that makes the file large."""
LARGE_BYTES = 100 * 1024 * 1024
START_MS = 1_767_571_200_000
ACCOUNTS = 7

CATALOGUE = Catalogue(
    (
        TransactionFeature(
            name="amount", entity="transaction", statistic="value", column="transaction_amount_vnd"
        ),
        WindowFeature(name="all", entity="device_id", statistic="count", window_ms=24 * HOUR_MS),
        WindowFeature(
            name="mean",
            entity="account_id",
            statistic="mean",
            column="transaction_amount_vnd",
            window_ms=MINUTE_MS,
        ),
        WindowFeature(
            name="last",
            entity="account_id",
            statistic="last_n",
            column="transaction_amount_vnd",
            window_ms=HOUR_MS,
            n=2,
        ),
    )
)


def records() -> Iterator[dict[str, object]]:
    """Yield transactions one second apart, all of one device."""
    for row in range(ROWS):
        yield {
            "transaction_id": f"t{row}",
            "event_time": format_time(START_MS + 1_000 * row),
            "account_id": f"a{row % ACCOUNTS}",
            "transaction_amount_vnd": row + 0.5,
            "device_id": "d",
            "note": NOTE,
        }


def write_each_kind(folder: Path) -> None:
    with (
        (folder / "in.jsonl").open("w") as lines,
        gzip.open(folder / "in.jsonl.gz", "wt", compresslevel=1) as compressed,
    ):
        for record in records():
            line = json.dumps(record) + "\n"
            lines.write(line)
            compressed.write(line)
    pq.write_table(pa.Table.from_pylist(list(records())), folder / "in.parquet", row_group_size=3_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("large")
    write_each_kind(folder)
    (folder / "catalogue.json").write_text(CATALOGUE.to_json())
    yield folder
    # Test runners keep temporary folders for a while.
    shutil.rmtree(folder)


def run(folder: Path, source: str, output: str) -> subprocess.CompletedProcess[str]:
    return run_feature_job(
        *("--source", folder / source, "--features-out", folder / output),
        *("--catalogue", folder / "catalogue.json", "--parallelism", "1"),
    )


@pytest.fixture(scope="module")
def features(folder: Path) -> bytes:
    """Run the job over the JSON lines; return its output."""
    process = run(folder, "in.jsonl", "features.jsonl")
    assert process.returncode == 0, process.stderr
    return (folder / "features.jsonl").read_bytes()


def test_the_file_is_large(folder: Path) -> None:
    assert (folder / "in.jsonl").stat().st_size > LARGE_BYTES


def test_output_lines_keep_the_order_of_the_file(features: bytes) -> None:
    rows = [json.loads(line) for line in features.splitlines()]
    assert [row["transaction_id"] for row in rows] == [f"t{row}" for row in range(ROWS)]
    assert [row["amount"] for row in rows] == [row + 0.5 for row in range(ROWS)]


def test_each_line_is_processed_after_all_earlier_lines(features: bytes) -> None:
    counts = [json.loads(line)["all"] for line in features.splitlines()]
    assert counts == list(range(1, ROWS + 1))


@pytest.mark.parametrize("source", ["in.jsonl.gz", "in.parquet"])
def test_a_run_over_another_file_format_writes_the_same_bytes(
    folder: Path, features: bytes, source: str
) -> None:
    process = run(folder, source, f"again-{source}.jsonl")
    assert process.returncode == 0, process.stderr
    assert (folder / f"again-{source}.jsonl").read_bytes() == features
