"""A Parquet file runs no code, does not crash the process and does not fill the memory, whoever reads it."""

import decimal
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archives import parquet_limits
from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.archive_reader import archived_lines
from fraudstream.archives.parquet_files import opened_parquet
from fraudstream.archives.record_files import read_lines, read_rows
from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from fraudstream.domain.transaction import Label, Transaction
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import ModelError
from jobs.connectors.source_lines import source_lines
from jobs.job_settings import JobSettings
from models.data import records
from models.data.feature_arrays import read_features, read_keys
from models.data.labelled_dataset import DatasetFiles, read_dataset
from models.explain_command import true_types
from producer.source_files import file_items, file_records, labelled_file_items
from tests.unit.archives.hostile_parquet import (
    element,
    file_of,
    row_group,
    write_pickle,
    write_with_column,
)

AMOUNT = Catalogue(
    (
        TransactionFeature(
            name="transaction_amount_vnd",
            entity="transaction",
            statistic="value",
            column="transaction_amount_vnd",
        ),
    )
)
SETTINGS = JobSettings.load(env_file=None)


def job(path: Path, labels: Path | None = None) -> None:
    with source_lines(path, labels, SETTINGS) as lines:
        lines.read_bytes()


def job_with_labels(path: Path) -> None:
    transactions = path.with_name("transactions.jsonl")
    transactions.write_text("")
    job(transactions, path)


READERS: dict[str, Callable[[Path], object]] = {
    "transactions": lambda path: list(read_lines(path, Transaction)),
    "labels": lambda path: list(read_lines(path, Label)),
    "rows": lambda path: list(read_rows(path)),
    "an archive": lambda path: list(archived_lines(path.parent, SETTINGS, Transaction)),
    "columns": lambda path: read_accepted(path, Label, ("transaction_id", "is_fraud")),
    "the job's source": job,
    "the job's labels": job_with_labels,
    "a file to send": lambda path: list(file_records(path)),
    "a file to send by its times": lambda path: list(file_items(path)),
    "a file to send with its truth": lambda path: list(labelled_file_items(path)),
    "data of a model": lambda path: records.read_records(path, Label, ("transaction_id",)),
    "keys of features": read_keys,
    "features": lambda path: read_features(path, AMOUNT),
    "a data set": lambda path: read_dataset(DatasetFiles(path, path), path, AMOUNT),
    "fraud types": true_types,
}
REFUSAL = (
    "has a column of an extension type, which can run code when it is read; write the column as a plain type"
)


@pytest.mark.parametrize("place", ["column", "list", "struct"])
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_runs_the_code_of_a_file(tmp_path: Path, reader: str, place: str) -> None:
    marker = tmp_path / "ran"
    path = write_pickle(tmp_path / "in.parquet", marker, place)
    with pytest.raises((ArchiveError, ModelError)) as refused:
        READERS[reader](path)
    assert not marker.exists()
    assert str(refused.value).startswith(f"{path} {REFUSAL}")


def in_a_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_file_is_an_attack_indeed(tmp_path: Path) -> None:
    path = write_pickle(tmp_path / "in.parquet", tmp_path / "ran")
    in_a_process("import sys, pyarrow.parquet as pq; pq.read_schema(sys.argv[1])", str(path))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("order", ["first", "last"])
def test_pandas_which_replaces_the_same_type_changes_nothing(tmp_path: Path, order: str) -> None:
    path = write_pickle(tmp_path / "in.parquet", tmp_path / "ran")
    imports = [
        "import pandas.core.arrays.arrow.extension_types",
        "from fraudstream.archives.record_files import read_rows",
    ]
    read = "import sys, pathlib; list(read_rows(pathlib.Path(sys.argv[1])))"
    ended = in_a_process("\n".join([*imports[:: 1 if order == "first" else -1], read]), str(path))
    assert not (tmp_path / "ran").exists()
    assert ended.returncode == 1
    # Nothing is added at exit, where pyarrow unregisters its type.
    assert ended.stderr.splitlines()[-1].endswith(".jsonl")
    assert "ArchiveError: " in ended.stderr.splitlines()[-1]


class BankCode(pa.ExtensionType):  # type: ignore[misc] # pyarrow ships no types
    """A type that needs no pickle; it is refused alike."""

    def __init__(self) -> None:
        super().__init__(pa.string(), "bank.code")

    def __arrow_ext_serialize__(self) -> bytes:  # noqa: D105 - pyarrow's interface
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: object, serialized: bytes) -> "BankCode":  # noqa: D105 - as above
        return cls()


@pytest.mark.parametrize("is_registered", [False, True])
def test_every_extension_type_is_refused_known_or_not(tmp_path: Path, *, is_registered: bool) -> None:
    column = pa.ExtensionArray.from_storage(BankCode(), pa.array(["x"]))
    path = write_with_column(tmp_path / "in.parquet", "code", column)
    if is_registered:
        pa.register_extension_type(BankCode())
    try:
        with pytest.raises(ArchiveError, match=REFUSAL):
            list(read_rows(path))
    finally:
        if is_registered:
            pa.unregister_extension_type("bank.code")


# ---- footers ----


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as refused:
        list(read_rows(path))
    assert str(refused.value).startswith(str(path))
    return str(refused.value)


def written(folder: Path, content: bytes) -> Path:
    (folder / "in.parquet").write_bytes(content)
    return folder / "in.parquet"


def nested(levels: int) -> bytes:
    return file_of([element("root", 1), *(element("a", 1) for _ in range(levels)), element("x")])


def test_a_schema_that_would_overflow_the_stack_is_refused(tmp_path: Path) -> None:
    assert "has more than 4,000 columns or row groups" in refusal(written(tmp_path, nested(20_000)))


def test_a_nested_schema_is_refused_from_a_depth_on(tmp_path: Path) -> None:
    assert list(read_rows(written(tmp_path, nested(16)))) == []
    for levels in (17, 3_000):
        said = refusal(written(tmp_path, nested(levels)))
        assert "column a is nested more than 16 levels deep; flatten it" in said


def test_a_file_of_too_many_row_groups_is_refused(tmp_path: Path) -> None:
    schema = [element("root", 1), element("x")]
    assert "larger row groups" in refusal(written(tmp_path, file_of(schema, [row_group()] * 4_001)))


def test_metadata_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    table = pa.table({"x": [1]}).replace_schema_metadata({"k": "v" * 5_000_000})
    pq.write_table(table, tmp_path / "in.parquet")
    assert "or metadata of more than 4,194,304 bytes" in refusal(tmp_path / "in.parquet")


def test_a_footer_that_is_too_large_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    with path.open("wb") as file:
        file.truncate(20_000_000)
        file.seek(0, 2)
        file.write((17_000_000).to_bytes(4, "little") + b"PAR1")
    assert "has a footer of 17,000,000 bytes; at most 16,777,216 are read" in refusal(path)


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["x", "x"]), tmp_path / "in.parquet")
    assert "has more than one column x; give each its own name" in refusal(tmp_path / "in.parquet")


def test_columns_that_pyarrow_does_not_tell_apart_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a.b": [1], "a.c": [2]}), tmp_path / "in.parquet")
    assert list(read_rows(tmp_path / "in.parquet")) == [b'{"a.b":1,"a.c":2}']
    pq.write_table(pa.table({"a.b.c": [1], "a": [2]}), tmp_path / "in.parquet")
    assert "has columns a and a.b.c, which can be a path into the first" in refusal(tmp_path / "in.parquet")


def test_columns_that_differ_in_length_which_crash_pyarrow_are_refused(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"x": list(range(50)), "y": list(range(50))}),
        tmp_path / "in.parquet",
        use_dictionary=False,
        compression="none",
        data_page_size=1,
        write_batch_size=10,
    )
    content = (tmp_path / "in.parquet").read_bytes()
    # Thrift's 50 values of the last column chunk, as 40: four of its five pages are read.
    place = content.rindex(b"\x16\x64\x16")
    (tmp_path / "in.parquet").write_bytes(content[:place] + b"\x16\x50\x16" + content[place + 3 :])
    assert "is not a complete Parquet file (its columns differ in length)" in refusal(tmp_path / "in.parquet")


def test_a_text_beyond_the_dictionary_of_its_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    others = {name: ["a"] * 20 for name in ("account_id", "event_time", "available_at", "is_fraud")}
    pq.write_table(pa.table({"transaction_id": ["a", "b"] * 10} | others), path, compression="none")
    content = path.read_bytes()
    # Thrift's count of the dictionary's values, as 1 in place of 2.
    path.write_bytes(content.replace(b"\x4c\x15\x04", b"\x4c\x15\x02", 1))
    for reader in ("rows", "columns"):
        with pytest.raises(ArchiveError, match=r"is not a complete Parquet file .*indices"):
            READERS[reader](path)


def test_values_of_a_large_fixed_length_are_refused(tmp_path: Path) -> None:
    column = pa.array([b"x" * 2_000], pa.binary(2_000))
    pq.write_table(pa.table({"x": column}), tmp_path / "in.parquet")
    assert "column x has values of 2,000 bytes each; at most 1,024 are read" in refusal(
        tmp_path / "in.parquet"
    )


@pytest.mark.parametrize(
    ("limit", "found"),
    [("MAX_ROW_GROUP_BYTES", "bytes"), ("MAX_ELEMENTS", "3 elements of a nested column")],
)
def test_a_row_group_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, found: str
) -> None:
    pq.write_table(pa.table({"x": [[1, 2, 3]]}), tmp_path / "in.parquet")
    assert list(read_rows(tmp_path / "in.parquet")) == [b'{"x":[1,2,3]}']
    monkeypatch.setattr(parquet_limits, limit, 2)
    said = refusal(tmp_path / "in.parquet")
    assert "has a row group of " in said
    assert f"{found}; at most 2 are read: write smaller row groups" in said


# ---- small files of large texts ----


def write_repeated(path: Path, texts: pa.Array) -> Path:
    """Write a column of ids of which the file stores each text once; the accounts are empty texts."""
    ids = {"transaction_id": texts, "account_id": [""] * len(texts)}
    pq.write_table(pa.table(ids), path, compression="zstd")
    assert path.stat().st_size < 50_000
    return path


def repeated(text_bytes: int, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * text_bytes]))


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_small_file_of_gigabytes_of_text_is_refused_and_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_repeated(tmp_path / "in.parquet", repeated(5_000_000, 600))
    monkeypatch.setattr(parquet_limits, "MAX_RECORD_BYTES", 4_000_000)
    monkeypatch.setattr(parquet_limits, "MAX_COLUMN_BYTES", 4_000_000)
    before = peak_mib()
    assert "has a record of up to 5,000,000 bytes; at most 4,000,000 are read: write shorter" in refusal(path)
    for reader in ("keys of features",):
        with pytest.raises(
            (ArchiveError, ModelError), match="has 3,000,000,000 bytes of text in column transaction_id"
        ):
            READERS[reader](path)
    assert peak_mib() - before < 1_000


def test_texts_in_lists_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = repeated(10_000, 1_000).dictionary_decode()
    path = write_repeated(tmp_path / "in.parquet", pa.ListArray.from_arrays(pa.array([0, 1_000]), texts))
    assert len(list(read_rows(path))) == 1
    monkeypatch.setattr(parquet_limits, "MAX_BATCH_BYTES", 9_999_999)
    assert "has 10,000,000 bytes of text in 1 rows of a column; at most 9,999,999" in refusal(path)


def test_a_long_text_that_repeats_is_read(tmp_path: Path) -> None:
    path = write_repeated(tmp_path / "in.parquet", repeated(1_000_000, 500))
    rows = read_rows(path)
    assert len(next(rows)) > 1_000_000
    assert sum(1 for _ in rows) == 499


# ---- what must be as before ----

COLUMNS: dict[str, Any] = {
    "text": [f"t{n}" for n in range(1_000)],
    "repeats": ["a", None] * 500,
    "list": [[f"l{n}", None] for n in range(1_000)],
    "struct": [{"a": n, "b": [f"b{n}"]} for n in range(1_000)],
    "number": [None if n % 3 else n for n in range(1_000)],
    "amount": [decimal.Decimal(n) for n in range(1_000)],
}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("is_dictionary", [True, False])
def test_records_are_those_of_the_file_in_however_many_dictionaries_they_are(
    tmp_path: Path, version: str, *, is_dictionary: bool
) -> None:
    table = pa.table(COLUMNS)
    pq.write_table(
        table,
        tmp_path / "in.parquet",
        row_group_size=300,
        use_dictionary=is_dictionary,
        dictionary_pagesize_limit=400,
        data_page_size=400,
        data_page_version=version,
    )
    with opened_parquet(tmp_path / "in.parquet") as file:
        assert list(file.records()) == table.to_pylist()
        assert file.columns(["text", "repeats", "number"]) == table.select(["text", "repeats", "number"])
        assert [len(group) for group in file.row_groups(["text"])] == [300, 300, 300, 100]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"\xff"], pa.binary()).cast(pa.string(), safe=False),
        pa.array([[2**62]], pa.list_(pa.timestamp("us"))),
    ],
    ids=["a text that is none", "a list of times beyond the calendar"],
)
def test_values_that_python_cannot_hold_are_named_with_the_file(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"x": column}), tmp_path / "in.parquet", version="2.6")
    assert "is not a complete Parquet file (" in refusal(tmp_path / "in.parquet")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([2**62], pa.timestamp("us")), "4611686018427387 ms after 1970"),
        (pa.array([253_402_300_800_000], pa.timestamp("ms")), "253402300800000 ms after 1970"),
        (pa.array([253_402_275_600_000], pa.timestamp("ms", "Asia/Ho_Chi_Minh")), "9999-12-31T17:00:00.000Z"),
        (pa.array([1], pa.timestamp("ms", "Nowhere/At_All")), "1970-01-01T00:00:00.001Z"),
        (pa.array([1], pa.timestamp("ms", "tzlocal()")), "1970-01-01T00:00:00.001Z"),
    ],
    ids=["the year 148108", "the year 10000", "9999 with a zone", "an unknown zone", "a local zone"],
)
def test_times_that_python_cannot_hold_are_texts(tmp_path: Path, column: pa.Array, text: str) -> None:
    pq.write_table(pa.table({"x": column}), tmp_path / "in.parquet", version="2.6")
    assert [orjson.loads(line) for line in read_rows(tmp_path / "in.parquet")] == [{"x": text}]


def test_a_file_without_any_column_that_is_asked_for_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "in.parquet")
    with pytest.raises(
        ArchiveError,
        match=r"has no column transaction_id, .* every label needs; it has x",
    ):
        read_accepted(tmp_path / "in.parquet", Label, ("is_fraud",))
