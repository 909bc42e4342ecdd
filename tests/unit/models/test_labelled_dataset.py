import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import Label
from fraudstream.scoring.manifest import ModelError
from models.data.labelled_dataset import HONEST, Dataset, DatasetFiles, read_dataset
from models.data.records import read_records

CATALOGUE = Catalogue((TransactionFeature(name="hour", entity="transaction", statistic="hour"),))
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
ACCOUNTS = {1: "A", 2: "B", 3: "A", 4: "C"}
ENDINGS = ("jsonl", "jsonl.gz", "parquet")


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    lines = b"".join(orjson.dumps(record) + b"\n" for record in records)
    if path.suffix == ".parquet":
        times = ("event_time", "available_at")
        pq.write_table(
            pa.Table.from_pylist([
                record | {name: datetime.fromisoformat(record[name]) for name in times if record.get(name)}
                for record in records
            ]),
            path,
        )  # fmt: skip
    else:
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def transaction(number: int, minutes: int) -> dict[str, Any]:
    return {
        "transaction_id": f"t{number}",
        "event_time": (NOON + timedelta(minutes=minutes)).isoformat(),
        "account_id": ACCOUNTS[number],
        "transaction_amount_vnd": 1_000.0 * number,
    }


def label(number: int, days: float, *, is_fraud: bool, fraud_type: str | None = None) -> dict[str, Any]:
    return {
        "transaction_id": f"t{number}",
        "account_id": ACCOUNTS[number],
        "event_time": NOON.isoformat(),
        "available_at": (NOON + timedelta(days=days)).isoformat(),
        "is_fraud": is_fraud,
        "fraud_type": fraud_type,
    }


def read(
    folder: Path,
    transactions: list[dict[str, Any]],
    labels: list[dict[str, Any]],
    *,
    refused: tuple[str, ...] = (),
    ending: str = "jsonl",
) -> Dataset:
    files = DatasetFiles(
        write(folder / f"transactions.{ending}", transactions), write(folder / f"labels.{ending}", labels)
    )
    kept = [record for record in transactions if record["transaction_id"] not in refused]
    features = pa.table({
        "transaction_id": [record["transaction_id"] for record in kept],
        "account_id": [record["account_id"] for record in kept],
        "hour": [record["transaction_amount_vnd"] for record in kept],
    })  # fmt: skip
    pq.write_table(features, folder / "features.parquet")
    return read_dataset(files, folder / "features.parquet", CATALOGUE)


TRANSACTIONS = [
    transaction(1, 5),
    transaction(2, 0),
    transaction(3, 9),
    transaction(4, 5),
]
LABELS = [
    label(3, 8, is_fraud=True, fraud_type="loan_fraud"),
    label(2, 7, is_fraud=False),
    label(4, 9, is_fraud=True),
]


@pytest.mark.parametrize("ending", ENDINGS)
def test_all_arrays_are_sorted_by_event_time_and_ties_keep_the_file_order(
    tmp_path: Path, ending: str
) -> None:
    data = read(tmp_path, TRANSACTIONS, LABELS, ending=ending)
    assert len(data) == 4
    assert (data.amount_vnd / 1_000).tolist() == [2, 1, 4, 3]
    assert (data.features[:, 0] / 1_000).tolist() == [2, 1, 4, 3]
    assert (data.event_time_ms - NOON_MS).tolist() == [0, 300_000, 300_000, 540_000]
    assert data.is_fraud.tolist() == [False, False, True, True]
    assert data.accounts[1] == data.accounts[3]
    assert len(set(data.accounts.tolist())) == 3
    loan_fraud = FRAUD_TYPES.index("loan_fraud")
    assert data.fraud_types.tolist() == [HONEST, HONEST, HONEST, loan_fraud]
    # Without a label there is nothing to wait for.
    known_after_ms = (data.available_at_ms - NOON_MS).tolist()
    assert known_after_ms == [7 * DAY_MS, 300_000, 9 * DAY_MS, 8 * DAY_MS]


def test_the_arrays_use_small_types(tmp_path: Path) -> None:
    data = read(tmp_path, TRANSACTIONS, LABELS)
    kinds = [array.dtype.name for array in (data.features, data.event_time_ms, data.available_at_ms)]
    assert kinds == ["float32", "int64", "int64"]
    assert [array.dtype.name for array in (data.accounts, data.amount_vnd)] == ["int32", "float64"]
    assert [array.dtype.name for array in (data.is_fraud, data.fraud_types)] == ["bool", "int8"]


def test_a_fraud_is_known_from_its_label_on(tmp_path: Path) -> None:
    data = read(tmp_path, TRANSACTIONS, LABELS)
    for days, known in ((7.9, []), (8, [3]), (9, [2, 3])):
        assert np.flatnonzero(data.known_fraud(NOON_MS + int(days * DAY_MS))).tolist() == known


@pytest.mark.parametrize("backwards", [False, True])
def test_the_label_that_became_available_last_counts(tmp_path: Path, *, backwards: bool) -> None:
    labels = [label(1, 7, is_fraud=True), label(1, 9, is_fraud=False), label(1, 8, is_fraud=True)]
    data = read(tmp_path, TRANSACTIONS, labels[::-1] if backwards else labels)
    assert not data.is_fraud.any()
    assert data.available_at_ms[1] == NOON_MS + 9 * DAY_MS


def test_of_labels_available_at_the_same_time_the_last_in_the_file_counts(tmp_path: Path) -> None:
    labels = [label(1, 7, is_fraud=False), label(1, 7, is_fraud=True)]
    assert read(tmp_path, TRANSACTIONS, labels).is_fraud.tolist() == [False, True, False, False]


def test_a_transaction_that_the_job_rejected_is_excluded_with_its_label(tmp_path: Path) -> None:
    data = read(tmp_path, TRANSACTIONS, LABELS, refused=("t3",))
    assert (data.amount_vnd / 1_000).tolist() == [2, 1, 4]
    assert data.is_fraud.tolist() == [False, False, True]


@pytest.mark.parametrize("ending", ENDINGS)
def test_accounts_that_count_their_own_transactions_are_kept_apart(tmp_path: Path, ending: str) -> None:
    """Each account has a t1, t2 and t3, of other amounts; the label is about the t2 of B."""
    transactions = [
        transaction(number, 10 * place + number)
        | {"account_id": account, "transaction_amount_vnd": 100.0 * place + number}
        for place, account in enumerate("ABC")
        for number in (1, 2, 3)
    ]
    data = read(tmp_path, transactions, [label(2, 7, is_fraud=True)], ending=ending)
    assert data.amount_vnd.tolist() == [1, 2, 3, 101, 102, 103, 201, 202, 203]
    assert data.features[:, 0].tolist() == data.amount_vnd.tolist()
    assert np.flatnonzero(data.is_fraud).tolist() == [4]
    assert len(set(data.accounts.tolist())) == 3


def test_ids_that_read_the_same_in_a_row_are_different_transactions(tmp_path: Path) -> None:
    transactions = [
        transaction(1, 0) | {"account_id": "ab", "transaction_id": "c"},
        transaction(2, 1) | {"account_id": "a", "transaction_id": "bc"},
    ]
    labels = [label(1, 7, is_fraud=True) | {"account_id": "a", "transaction_id": "bc"}]
    assert read(tmp_path, transactions, labels).is_fraud.tolist() == [False, True]


def test_labels_without_accounts_are_refused_with_the_remedy(tmp_path: Path) -> None:
    labels = [{name: value for name, value in each.items() if name != "account_id"} for each in LABELS]
    for ending in ENDINGS:
        with pytest.raises(ModelError, match=r"labels\.\S+.*account_id.*every label needs"):
            read(tmp_path, TRANSACTIONS, labels, ending=ending)
    assert not read(tmp_path, TRANSACTIONS, []).is_fraud.any()


def test_unknown_fraud_types_are_numbered_after_the_projects_own(tmp_path: Path) -> None:
    labels = [
        label(1, 7, is_fraud=True, fraud_type="skimming"),
        label(2, 7, is_fraud=True, fraud_type="phishing"),
        # An honest transaction has no type, whatever its label contains.
        label(3, 7, is_fraud=False, fraud_type="loan_fraud"),
    ]
    data = read(tmp_path, TRANSACTIONS, labels)
    assert data.fraud_type_names == (*FRAUD_TYPES, "phishing", "skimming")
    assert data.fraud_types.tolist() == [len(FRAUD_TYPES), len(FRAUD_TYPES) + 1, HONEST, HONEST]


def test_labels_need_no_type(tmp_path: Path) -> None:
    labels = [{key: value for key, value in each.items() if key != "fraud_type"} for each in LABELS]
    for ending in ENDINGS:
        data = read(tmp_path, TRANSACTIONS, labels, ending=ending)
        assert data.is_fraud.sum() == 2
        assert data.fraud_types.tolist() == [HONEST] * 4


def test_features_of_other_transactions_are_rejected(tmp_path: Path) -> None:
    read(tmp_path, TRANSACTIONS, LABELS)
    files = DatasetFiles(write(tmp_path / "transactions.jsonl", TRANSACTIONS[:2]), tmp_path / "labels.jsonl")
    with pytest.raises(
        ModelError, match=r"has features of 4 transactions, but only 2 of them are in .*\.jsonl"
    ):
        read_dataset(files, tmp_path / "features.parquet", CATALOGUE)


def test_a_file_without_a_valid_transaction_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the job accepted none of the transactions"):
        read(tmp_path, TRANSACTIONS[:1], LABELS, refused=("t1",))


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.parquet"])
def test_an_unreadable_file_is_reported_with_the_fix(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as refused:
        read_records(tmp_path / name, Label, ("transaction_id",))
    assert str(refused.value).startswith(f"{tmp_path / name} can't be read (")
    assert "check its permissions, and write it again" in str(refused.value)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_label_that_the_job_refuses_is_no_label_and_is_counted(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its fraud would be known from the beginning, before anybody could know it."""
    unknown = label(1, 7, is_fraud=True) | {"available_at": None}
    early = label(2, 7, is_fraud=True) | {"available_at": "2025-01-01T00:00:00.000Z"}
    good = label(4, 7, is_fraud=True)
    data = read(tmp_path, TRANSACTIONS, [unknown, early, good], ending=ending)
    assert np.flatnonzero(data.is_fraud).tolist() == [2]
    assert not data.known_fraud(int(data.event_time_ms[-1])).any()
    assert "2 labels left out, as the job refuses them: 1 " in capsys.readouterr().err.replace("\n", " ")
