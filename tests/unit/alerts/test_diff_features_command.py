"""``python -m alerts diff-features`` on hand-made runs."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.commands.common import console
from fraudstream.domain.catalogue import BUILT_IN
from tests.unit.alerts.alert_command import alerts_command

NAMES = ("T1", "T2", "T3")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not through COLUMNS, which is read once: when the first test of this process imports the commands.
    monkeypatch.setattr(console, "width", 200)


def scored(id_: str, ordinal: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a record's fields
    """Return a scored record; the merchant's ``ordinal`` is its sequence number."""
    features = dict.fromkeys(BUILT_IN.names, 1.0) | changes.pop("features", {})
    record = {
        "transaction_id": id_,
        "account_id": f"A{id_}",
        "outcome": "new",
        "score": 0.5,
        "model_version": "v1",
        "catalogue_version": BUILT_IN.version,
        "ordinals": {"account_id": 1, "merchant_id": ordinal},
        "features": features,
    }
    return record | changes


def written(path: Path, *records: object) -> Path:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


@pytest.fixture
def transactions(tmp_path: Path) -> Path:
    archive = tmp_path / "archive"
    archive.mkdir()
    for name in NAMES:
        record = {"transaction_id": name, "account_id": f"A{name}", "merchant_id": "M"}
        written(archive / f"{name}.jsonl", record, [])
    copy = {"transaction_id": "T2", "account_id": "AT2", "merchant_id": "of a copy, which does not count"}
    written(archive / "copy.jsonl", copy, copy | {"account_id": "of another"})
    (archive / "broken.jsonl").write_bytes(b"no json\n")
    return archive


def first(folder: Path) -> Path:
    records = [scored(name, number) for number, name in enumerate(NAMES, 1)]
    return written(folder / "first.jsonl", *records)


def compared(folder: Path, transactions: Path, *records: object, json: bool = False) -> tuple[int, str, str]:
    options = ("--json",) if json else ()
    second = written(folder / "second.jsonl", *records)
    done = alerts_command("diff-features", first(folder), second, "--transactions", transactions, *options)
    return done.returncode, done.stdout, done.stderr


def test_the_same_run_twice_exits_with_code_0(tmp_path: Path, transactions: Path) -> None:
    same = [scored(name, number) for number, name in enumerate(NAMES, 1)]
    code, said, _ = compared(tmp_path, transactions, *same)
    assert (code, said) == (0, "3 transactions in both files\nall features and scores are the same\n")


def test_another_order_explains_the_features_of_that_entity_with_code_0(
    tmp_path: Path, transactions: Path
) -> None:
    r"""Swap the second and the third transaction of the merchant.

    first   T1  T2  T3
    second  T1  T3  T2
    """
    other = {"merchant_count_1h": 4.0}
    code, said, _ = compared(
        tmp_path,
        transactions,
        scored("T1", 1),
        scored("T3", 2, features=other),
        scored("T2", 3, features=other),
    )
    assert code == 0
    (row,) = [line for line in said.splitlines() if "merchant_count_1h" in line]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == ["merchant_count_1h", "2", "2", "0", "0", "0", "3", "AT2/T2: 1 → 4"]
    assert said.endswith("all differences are explained\n")


def test_the_first_of_duplicate_records_gives_the_merchant_order(tmp_path: Path, transactions: Path) -> None:
    """T2 is second at its merchant in both runs, after T1 in the first and after T3 in the other."""
    other = {"merchant_count_1h": 4.0}
    code, said, _ = compared(
        tmp_path, transactions, scored("T3", 1), scored("T2", 2, features=other), scored("T1", 3)
    )
    assert code == 0
    assert "AT2/T2: 1 → 4" in said


def test_a_difference_in_the_same_order_is_unexplained_and_exits_with_code_1(
    tmp_path: Path, transactions: Path
) -> None:
    code, said, _ = compared(
        tmp_path,
        transactions,
        scored("T1", 1),
        scored("T2", 2, features={"merchant_count_1h": None}),
        scored("T3", 3),
    )
    assert code == 1
    (row,) = [line for line in said.splitlines() if "merchant_count_1h" in line]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == ["merchant_count_1h", "1", "0", "0", "0", "1", "-", "AT2/T2: 1 → null"]
    assert said.endswith("UNEXPLAINED: 1 values differ without a known cause\n")


def test_transactions_of_only_one_run_are_reported_with_code_1(tmp_path: Path, transactions: Path) -> None:
    code, said, _ = compared(tmp_path, transactions, scored("T1", 1), scored("T2", 2), scored("T\x1b9", 3))
    assert code == 1
    assert said.splitlines()[:3] == [
        "2 transactions in both files",
        "1 transactions only in the first file, e.g. AT3/T3",
        r"1 transactions only in the second file, e.g. AT\x1b9/T\x1b9",
    ]


def test_the_json_output_is_complete(tmp_path: Path, transactions: Path) -> None:
    changed = scored("T2", 2, score=0.75, features={"merchant_count_1h": 3.0})
    code, said, _ = compared(tmp_path, transactions, scored("T1", 1), changed, json=True)
    assert code == 1
    key = {"account_id": "AT2", "transaction_id": "T2"}
    example = key | {"before": 1.0, "after": 3.0}
    score = key | {"before": 0.5, "after": 0.75}
    assert orjson.loads(said) == {
        "compared": 2,
        "unexplained": 1,
        "only_before": [{"account_id": "AT3", "transaction_id": "T3"}],
        "only_after": [],
        "features": [
            {
                "feature": "merchant_count_1h",
                "differing": 1,
                "causes": {"unexplained": 1},
                "largest": 2.0,
                "example": example,
            },
            {
                "feature": "score",
                "differing": 1,
                "causes": {"features": 1},
                "largest": 0.25,
                "example": score,
            },
        ],
    }


def test_the_last_record_of_a_transaction_counts_and_duplicates_do_not(
    tmp_path: Path, transactions: Path
) -> None:
    spoilt = scored("T1", 1, features={"hour": 99.0})
    duplicate = {**scored("T1", 1), "outcome": "duplicate", "score": None, "ordinals": None, "features": None}
    code, said, _ = compared(
        tmp_path, transactions, spoilt, scored("T1", 1), duplicate, scored("T2", 2), scored("T3", 3)
    )
    assert (code, said) == (0, "3 transactions in both files\nall features and scores are the same\n")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            {"transaction_id": "T1"},
            "not a scored record, missing account_id, outcome, ordinals, features",
        ),
        (7, "not a JSON object"),
        ([], "not a scored record"),
        ("text", "not a scored record"),
    ],
)
def test_a_line_that_is_not_a_scored_record_is_reported_with_code_2(
    tmp_path: Path, transactions: Path, line: object, complaint: str
) -> None:
    code, _, error = compared(tmp_path, transactions, scored("T1", 1), line)
    assert code == 2
    assert f"second.jsonl, line 2: {complaint}" in error
    assert "--scores-out" in error


def test_records_of_another_catalogue_exit_with_code_2(tmp_path: Path, transactions: Path) -> None:
    code, _, error = compared(tmp_path, transactions, scored("T1", 1, catalogue_version="mine"))
    assert code == 2
    assert "the records have features of catalogue" in error
    assert "give it as --catalogue" in error


def test_transactions_missing_from_the_archive_exit_with_code_2(tmp_path: Path, transactions: Path) -> None:
    (transactions / "T3.jsonl").unlink()
    code, _, error = compared(tmp_path, transactions, scored("T1", 1), scored("T2", 2), scored("T3", 3))
    assert code == 2
    assert (
        f"1 transactions scored by both runs are missing from {transactions}, e.g. AT3/T3; --transactions "
        "needs" in error
    )


@pytest.mark.parametrize(
    ("place", "complaint"), [("nowhere", "nowhere"), ("s3://x", "the bucket name is not valid")]
)
def test_a_folder_without_an_archive_exits_with_code_2(tmp_path: Path, place: str, complaint: str) -> None:
    code, _, error = compared(tmp_path, Path(place) if place == "nowhere" else place, scored("T1", 1))  # type: ignore[arg-type]
    assert code == 2
    assert complaint in error
