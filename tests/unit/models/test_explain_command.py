from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from fraudstream.domain.alert import Alert
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.transaction import TransactionKey
from fraudstream.scoring.manifest import ModelError
from models import explain_command
from models.__main__ import app
from models.explain_command import UNNAMED, accuracy, confusion, frauds, true_types

ALERT: dict[str, Any] = {
    "alert_id": "1",
    "account_id": "A",
    "event_time": "2026-01-02T03:04:05.678Z",
    "scored_at": "2026-01-02T03:04:05.678Z",
    "transaction_amount_vnd": 1.0,
    "score": 0.9,
    "threshold": 0.5,
    "risk_level": "high",
    "flags": [],
    "features": {},
    "model_version": "v1",
    "catalogue_version": "c",
}
TYPES = {"T1": "loan_fraud", "T2": "loan_fraud", "T3": "fee_manipulation", "T4": "money_laundering"}
TRUTH = {TransactionKey("A", one): kind for one, kind in TYPES.items()}
NAMED = {
    "T1": "loan_fraud",
    "T2": "account_takeover",
    "T3": "fee_manipulation",
    "T4": None,
    "T5": "loan_fraud",
    "T6": None,
}
OF_ANOTHER_MODEL = (
    '{"transaction_id": "T1", "account_id": "A", "event_time": "", "arrival_time": null, "score": 1, '
    '"model_version": "other", "catalogue_version": "c", "features": {}}'
)


def alerts() -> list[dict[str, Any]]:
    return [ALERT | {"transaction_id": one, "likely_fraud_type": named} for one, named in NAMED.items()]


KNOWN: dict[str, Any] = {
    "event_time": "2026-01-02T03:04:05Z",
    "available_at": "2026-01-09T00:00:00Z",
    "is_fraud": True,
}


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


def labels(path: Path) -> Path:
    honest: list[dict[str, Any]] = [
        KNOWN | {"transaction_id": "T5", "account_id": "A", "fraud_type": None},
        {"transaction_id": "T9"},
    ]
    frauds = [KNOWN | key._asdict() | {"fraud_type": kind} for key, kind in TRUTH.items()]
    return write(path, [*frauds, *honest])


def named(**counts: int) -> list[str]:
    """Return the counts of a row, 0 under each type that is not given."""
    return [str(counts.get(name, 0)) for name in (*FRAUD_TYPES, UNNAMED)]


def said(*arguments: str | Path) -> tuple[int, str]:
    explain_command.console.width = 200
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_alerts_are_counted_by_true_and_predicted_type() -> None:
    table = confusion((Alert.from_json(orjson.dumps(alert)) for alert in alerts()), TRUTH)
    assert table == Counter(
        {
            ("loan_fraud", "loan_fraud"): 1,
            ("loan_fraud", "account_takeover"): 1,
            ("fee_manipulation", "fee_manipulation"): 1,
            ("money_laundering", "none"): 1,
            ("honest", "loan_fraud"): 1,
            ("honest", "none"): 1,
        }
    )
    assert frauds(table) == 4
    assert accuracy(table) == 0.5


def test_the_label_of_another_account_with_the_same_id_is_ignored() -> None:
    alert = Alert.from_json(orjson.dumps(alerts()[0] | {"account_id": "B"}))
    assert confusion([alert], TRUTH) == {("honest", "loan_fraud"): 1}


def test_labels_without_accounts_are_rejected_with_the_fix(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.jsonl", [KNOWN | {"transaction_id": "T1"}])
    with pytest.raises(ModelError, match=r"labels\.jsonl: the job refuses every label: .*account_id"):
        true_types(path)


def test_without_alerts_of_fraud_the_accuracy_is_zero() -> None:
    assert accuracy(Counter({("honest", "loan_fraud"): 3})) == 0.0


def test_only_frauds_have_a_true_type(tmp_path: Path) -> None:
    assert true_types(labels(tmp_path / "labels.jsonl")) == TRUTH


def test_unreadable_labels_are_reported_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.jsonl"):
        true_types(tmp_path / "none.jsonl")


def test_types_shows_each_type_and_its_accuracy(tmp_path: Path) -> None:
    of = write(tmp_path / "alerts.jsonl", alerts())
    code, output = said("types", "--alerts", of, "--labels", labels(tmp_path / "labels.jsonl"))
    assert code == 0
    cells = [[cell.strip() for cell in line.split("│")] for line in output.splitlines() if "│" in line]
    rows = {row[1]: row[2:-1] for row in cells}
    assert rows["loan_fraud"] == [*named(account_takeover=1, loan_fraud=1), "50.0%"]
    assert rows["money_laundering"] == [*named(none=1), "0.0%"]
    assert rows["account_takeover"] == [*named(), ""]
    assert rows["honest"] == [*named(loan_fraud=1, none=1), ""]
    assert "correct in 50.00% of 4 alerts that are fraud" in output


@pytest.mark.parametrize("line", ["{", '{"alert_id": "1"}'])
def test_types_rejects_a_file_without_alerts(tmp_path: Path, line: str) -> None:
    broken = tmp_path / "alerts.jsonl"
    broken.write_text(line)
    code, output = said("types", "--alerts", broken, "--labels", labels(tmp_path / "labels.jsonl"))
    assert code == 2
    assert "error: " in output


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "error: "),
        (OF_ANOTHER_MODEL, "error: transaction 'T1': model_version is 'other', not 'v1'"),
        ('{"transaction_id": "T1"}', "error: a record has no field 'account_id'"),
    ],
)
def test_explain_rejects_a_file_without_scored_transactions_of_the_model(
    tmp_path: Path, line: str, message: str
) -> None:
    broken = tmp_path / "scored.jsonl"
    broken.write_text(line)
    code, output = said("explain", "--scored", broken)
    assert code == 2
    assert message in output


def test_explain_rejects_a_missing_file(tmp_path: Path) -> None:
    code, output = said("explain", "--scored", tmp_path / "none.jsonl")
    assert code == 2
    assert "none.jsonl" in output
