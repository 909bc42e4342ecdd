"""Files of customers' metadata."""

import gzip
from datetime import date
from pathlib import Path

import pytest

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.customer_files import read_customers, write_customers
from fraudstream.domain.customer import Customer

CUSTOMERS = {
    "C1": Customer(segment='private, "large"', kyc_level=0, customer_since=date(2020, 2, 29)),
    "Đ": Customer(),
}


def written(path: Path, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz", "c.csv", "c.CSV.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    assert write_customers(tmp_path / name, CUSTOMERS.items()) == 2
    assert dict(read_customers(tmp_path / name)) == CUSTOMERS


def test_columns_have_any_order_and_others_are_ignored(tmp_path: Path) -> None:
    text = "\ufeffkyc_level, customer_id ,x,segment\r\n2,C1,7,\r\n\r\n,Đ,, mass\r\n"
    assert dict(read_customers(written(tmp_path / "c.csv", text))) == {
        "C1": Customer(kyc_level=2),
        "Đ": Customer(segment="mass"),
    }
    lines = '{"customer_id":"C1","kyc_level":2,"x":[]}\n\n{"kyc_level":"3","customer_id":"Đ","segment":null}'
    assert dict(read_customers(written(tmp_path / "c.json", lines))) == {
        "C1": Customer(kyc_level=2),
        "Đ": Customer(kyc_level=3),
    }


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("c.jsonl", '{"customer_id":"C1"}\n\n{"kyc_level":1}', "line 3: customer_id is missing"),
        ("c.jsonl", '{"customer_id":"C1","kyc_level":7}', "line 1: kyc_level is '7'"),
        ("c.jsonl", '{"customer_id":"C1","kyc_level":true}', "line 1: kyc_level is true; it must be"),
        ("c.jsonl", '{"customer_id":7}', "line 1: customer_id is 7; it must be a text"),
        ("c.jsonl", '{"customer_id":"C"}\n{"customer_id":"C"}', "line 2: customer_id 'C' is there twice"),
        ("c.jsonl", '{"customer_id"', "line 1: not JSON"),
        ("c.jsonl", "[]", "line 1: not a JSON object"),
        ("c.csv", "id,segment\nC1,x", "line 1: the first line has no column customer_id"),
        ("c.csv", "customer_id,segment\nC1", "line 2: 1 cells, but the first line has 2"),
        ("c.csv", "customer_id,x,x\nC1,a,b", "line 1: the column x is there twice"),
        ("c.csv", 'customer_id,segment\n"C1"y,x', "line 2: not CSV"),
        ("c.csv", b"customer_id\n\xe9", "not UTF-8"),
        ("c.parquet", "", "unknown kind of file; name it .jsonl or .csv, also .gz"),
    ],
)
def test_an_invalid_file_is_refused_by_name_line_and_remedy(
    tmp_path: Path, name: str, text: str | bytes, problem: str
) -> None:
    path = written(tmp_path / name, text)
    with pytest.raises(ArchiveError) as refused:
        list(read_customers(path))
    assert str(refused.value).startswith(str(path))
    assert problem in str(refused.value)
    assert ";" in str(refused.value)


def test_a_missing_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"none\.csv can't be read"):
        list(read_customers(tmp_path / "none.csv"))
    (tmp_path / "c.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(ArchiveError, match="not a complete gzip file"):
        list(read_customers(tmp_path / "c.csv.gz"))
