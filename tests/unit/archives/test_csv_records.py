"""CSV files are read as the JSON records that they stand for."""

from pathlib import Path

import orjson
import pytest

from fraudstream.archives import csv_records
from fraudstream.archives.accepted_records import read_accepted
from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.record_files import read_lines
from fraudstream.domain.transaction import Label, Transaction
from producer.dataset import write_dataset
from producer.simulation import TrafficOptions

HEADER = "transaction_id,account_id,event_time,transaction_amount_vnd"
TIME = "2026-01-02T03:04:05Z"


def csv(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def rows(path: Path) -> list[object]:
    return [orjson.loads(line) for line in read_lines(path, Transaction)]


def test_cells_become_the_values_of_their_columns(tmp_path: Path) -> None:
    text = (
        f"\ufeff{HEADER},city,npl_flag,latitude,unknown\r\n"
        f'007,A,2026-01-02 03:04:05.5Z,1e3,"Huế, ""x""",TRUE,,n\r\n'
        "T2,A,now,lots,,maybe,16.5,\r\n"
    )
    assert rows(csv(tmp_path, text, "T.CSV")) == [
        {
            "transaction_id": "007",
            "account_id": "A",
            "event_time": "2026-01-02T03:04:05.5Z",
            "transaction_amount_vnd": 1000.0,
            "city": 'Huế, "x"',
            "npl_flag": True,
            "latitude": None,
        },
        {
            "transaction_id": "T2",
            "account_id": "A",
            "event_time": "now",
            "transaction_amount_vnd": "lots",
            "city": None,
            "npl_flag": "maybe",
            "latitude": 16.5,
        },
    ]


def test_a_row_with_missing_or_extra_cells_is_refused_by_the_job_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    path = csv(tmp_path, f"{HEADER}\nT1,A,{TIME},1\nT2,A\n\n   \nT3,A,{TIME},1,more\nT4,A,{TIME},1\n")
    read = read_accepted(path, Transaction, ("transaction_id",))
    assert read.table["transaction_id"].to_pylist() == ["T1", "T4"]
    assert dict(read.refused.counts) == {"malformed_json": 2}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no column transaction_id, event_time, account_id, transaction_amount_vnd"),
        ("T1;A;2026\n", r"its first line is 'T1;A;2026': name the columns there"),
        (f"{HEADER},account_id\n", "has the column account_id twice"),
        (f'{HEADER}\nT1,"A,{TIME},1\n', r"line 2: not CSV \(unexpected end of data\)"),
    ],
)
def test_a_file_that_is_no_csv_of_transactions_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ArchiveError, match=complaint):
        rows(csv(tmp_path, text))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"{HEADER}\nT1,A,{TIME},1\nT\xe9,A,{TIME},1\n".encode("latin-1"))
    with pytest.raises(ArchiveError, match=r"t\.csv, after line \d: not UTF-8"):
        rows(tmp_path / "t.csv")


def test_the_producers_own_file_and_its_labels_are_accepted_whole(tmp_path: Path) -> None:
    list(
        write_dataset(
            TrafficOptions(seed=3, accounts=40, start_ms=1_767_323_045_000), 200, tmp_path / "data.csv", "csv"
        )
    )
    for name, kind in (("data.csv", Transaction), ("data.truth.csv", Label)):
        read = read_accepted(tmp_path / name, kind, ("transaction_id",))
        assert (len(read.table), read.refused.counts.total()) == (200, 0), str(read.refused)


def test_blanks_after_commas_are_no_part_of_a_cell(tmp_path: Path) -> None:
    path = csv(
        tmp_path, f"transaction_id, account_id, event_time, transaction_amount_vnd\nT1, A, {TIME}, 1\n"
    )
    assert read_accepted(path, Transaction, ("account_id",)).table.to_pylist() == [{"account_id": "A"}]


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "MAX_LINE_CHARACTERS", 100)
    with pytest.raises(ArchiveError, match=r"t\.csv has a line of over 100 characters"):
        rows(csv(tmp_path, f"{HEADER}\n{'T,' * 60}"))
