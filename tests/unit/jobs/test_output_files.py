"""The files of bounded mode, merged from Flink's part files."""

import stat
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.domain.catalogue import CUSTOMER_FEATURES, Catalogue, TransactionFeature, WindowFeature
from fraudstream.runtime.settings_sources import SettingsError
from jobs.connectors.file_connector import FileConnector
from jobs.connectors.output_files import assemble_output, fresh_parts_folder
from jobs.job_settings import JobSettings
from jobs.running import JobFailedError

CATALOGUE = Catalogue(
    (
        TransactionFeature(name="hour", entity="transaction", statistic="hour"),
        WindowFeature(
            name="last",
            entity="merchant_id",
            statistic="last_n",
            column="transaction_amount_vnd",
            window_ms=1_000,
            n=2,
        ),
        WindowFeature(name="count", entity="account_id", statistic="count", window_ms=1_000),
    )
)


def part(path: Path, subtask: int, number: int, data: bytes) -> None:
    """Write a finished part file of one subtask."""
    folder = path.with_name(f"{path.name}.parts")
    (folder / f"part-1f0e7c04-8d2b-4a4b-9d2f-0a1b2c3d4e5f-{subtask}-{number}").write_bytes(data)


# ---- part folder ----


def test_output_of_an_earlier_run_is_removed_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    folder = fresh_parts_folder(path)
    part(path, 0, 0, b"old\n")
    assert fresh_parts_folder(path) == folder
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_reported_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.parts").touch()
    with pytest.raises(SettingsError) as refused:
        fresh_parts_folder(path)
    assert str(refused.value) == (
        f"{path} can't be written: {path}.parts can't be created (File exists); use another file"
    )


def test_the_folder_and_the_output_are_private_to_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    for numbers in [(0,), (0, 1)]:
        folder = fresh_parts_folder(path)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for number in numbers:
            part(path, 0, number, b"{}\n")
            next(folder.iterdir()).chmod(0o644)
        assemble_output(path, CATALOGUE)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.unlink()


# ---- JSON lines ----


@pytest.fixture(name="out")
def fixture_out(tmp_path: Path) -> Path:
    """Return an output file with a folder for its parts."""
    out = tmp_path / "out.jsonl"
    fresh_parts_folder(out)
    return out


def test_parts_are_ordered_by_subtask_and_then_by_number(out: Path) -> None:
    places = [(10, 0), (0, 10), (2, 1), (0, 9), (2, 0), (1, 0), (0, 0)]
    for subtask, number in places:
        part(out, subtask, number, f"{subtask}-{number}\n".encode())
    assemble_output(out, CATALOGUE)
    assert out.read_text().split() == ["0-0", "0-9", "0-10", "1-0", "2-0", "2-1", "10-0"]
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("parts", [[], [b"one\n"], [b"one\n", b""], [b"", b"one\n"]])
def test_any_number_of_parts_becomes_one_file_that_replaces_an_older_one(
    out: Path, parts: list[bytes]
) -> None:
    out.write_text("of an earlier run")
    for number, data in enumerate(parts):
        part(out, 0, number, data)
    assemble_output(out, CATALOGUE)
    assert out.read_bytes() == b"".join(parts)


def test_unfinished_part_files_are_ignored(out: Path) -> None:
    part(out, 0, 0, b"whole\n")
    (out.with_name("out.jsonl.parts") / ".part-1-0-1.inprogress.2").write_bytes(b"hal")
    assemble_output(out, CATALOGUE)
    assert out.read_bytes() == b"whole\n"


def test_the_connector_merges_every_output(tmp_path: Path) -> None:
    outputs = {"--alerts-out": tmp_path / "a", "--features-out": tmp_path / "f"}
    for path in outputs.values():
        fresh_parts_folder(path)
        part(path, 0, 0, path.name.encode())
    arguments = [str(each) for pair in outputs.items() for each in pair]
    settings = JobSettings.load(["--source", __file__, *arguments], env_file=None)
    FileConnector(settings).finish(CATALOGUE, {"transactions": 2})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "a", "f": "f"}


def test_a_failure_while_writing_keeps_the_older_file_and_names_the_output(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out.write_text("of an earlier run")
    part(out, 0, 0, b"new\n")

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(JobFailedError) as failed:
        assemble_output(out, CATALOGUE)
    assert str(failed.value).startswith(f"{out} could not be assembled from {out}.parts: ")
    assert "No space left on device; free space on its disk and run again" in str(failed.value)
    assert out.read_text() == "of an earlier run"


# ---- Parquet ----

ROWS: list[dict[str, Any]] = [
    {
        "transaction_id": "t1",
        "account_id": "A1",
        "hour": 5,
        "last": [[1, None, 1], [2.5, 0.001, None]],
        "count": 1,
    },
    {
        "transaction_id": "t0",
        "account_id": "A0",
        "hour": None,
        "last": None,
        "count": 2.5,
        "out_of_reach": ["device_id", "merchant_id"],
    },
    {"transaction_id": "Huế", "account_id": "Đ", "hour": 0, "last": [], "count": 2**53},
]
SCHEMA = pa.schema(
    {
        "transaction_id": pa.string(),
        "account_id": pa.string(),
        "hour": pa.float64(),
        "last": pa.list_(pa.list_(pa.float64())),
        "count": pa.float64(),
        "out_of_reach": pa.list_(pa.string()),
    }
)


def parquet_of(tmp_path: Path, *parts: list[dict[str, Any]]) -> pa.Table:
    out = tmp_path / "out.parquet"
    fresh_parts_folder(out)
    for number, rows in enumerate(parts):
        part(out, 0, number, b"".join(orjson.dumps(row) + b"\n" for row in rows))
    assemble_output(out, CATALOGUE)
    assert list(tmp_path.iterdir()) == [out]
    return pq.read_table(out)


def test_parquet_features_keep_the_values_order_and_nulls_of_the_lines(tmp_path: Path) -> None:
    table = parquet_of(tmp_path, ROWS[:2], ROWS[2:])
    assert table.to_pylist() == [{"out_of_reach": None} | row for row in ROWS]


def test_features_of_metadata_add_the_column_of_their_version(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    fresh_parts_folder(out)
    ids = {"transaction_id": "t1", "account_id": "A1"}
    rows: list[dict[str, Any]] = [
        {**ids, "customer_kyc_level": 2.0, "metadata_version": "v"},
        {**ids, "customer_kyc_level": None},
    ]
    part(out, 0, 0, b"".join(orjson.dumps(row) + b"\n" for row in rows))
    assemble_output(out, Catalogue(CUSTOMER_FEATURES[:1]))
    missing = {"out_of_reach": None, "metadata_version": None}
    assert pq.read_table(out).to_pylist() == [missing | row for row in rows]


def test_every_number_is_a_double_whatever_the_rows_contain(tmp_path: Path) -> None:
    assert parquet_of(tmp_path, ROWS[:1]).schema == SCHEMA
    assert parquet_of(tmp_path, ROWS[1:2]).schema == SCHEMA


def test_no_rows_give_a_file_with_the_columns(tmp_path: Path) -> None:
    table = parquet_of(tmp_path)
    assert table.schema == SCHEMA
    assert table.num_rows == 0


def test_more_rows_than_a_batch_keep_their_order(tmp_path: Path) -> None:
    rows = [ROWS[1] | {"count": number} for number in range(25_000)]
    table = parquet_of(tmp_path, rows[:24_000], rows[24_000:])
    assert table["count"].to_pylist() == list(range(25_000))
