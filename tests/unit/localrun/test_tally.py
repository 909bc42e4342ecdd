"""The tally of a run: lost transactions, missing alerts, alert latency."""

import json

import pytest

from fraudstream.domain.alert import Alert
from fraudstream.domain.dead_letter import DeadLetter
from fraudstream.domain.patterns import FraudType
from fraudstream.domain.transaction import Label, Transaction
from fraudstream.streams.protocols import StreamRecord
from localrun.tally import WARM_UP_TRANSACTIONS, Tally
from producer.simulation import LabelledTransaction


def labelled(name: str, fraud_type: FraudType | None = None) -> LabelledTransaction:
    transaction = Transaction(
        transaction_id=name, event_time_ms=0, account_id="A", transaction_amount_vnd=1.0
    )
    label = Label(
        transaction_id=name,
        account_id="A",
        event_time_ms=0,
        available_at_ms=0,
        is_fraud=fraud_type is not None,
        fraud_type=fraud_type,
    )
    return LabelledTransaction(transaction, label)


def scored(name: str, outcome: str = "new", account: str = "A") -> StreamRecord:
    data = json.dumps({"transaction_id": name, "account_id": account, "outcome": outcome}).encode()
    return StreamRecord(data, "A", "shard", "1", 0)


def alert(name: str) -> Alert:
    return Alert.model_validate(
        {
            "alert_id": name,
            "transaction_id": name,
            "account_id": "A",
            "event_time": "2026-01-01T00:00:00Z",
            "scored_at": "2026-01-01T00:00:00Z",
            "transaction_amount_vnd": 1.0,
            "score": 0.9,
            "threshold": 0.5,
            "risk_level": "high",
            "likely_fraud_type": None,
            "flags": [],
            "features": {},
            "model_version": "v",
            "catalogue_version": "c",
        }
    )


def dead(raw: bytes) -> DeadLetter:
    return DeadLetter(
        reason="late",
        detail="x",
        encoding="utf-8",
        raw=raw.decode(),
        truncated=False,
        size_bytes=len(raw),
        sha256="0",
    )


def test_a_run_without_transactions_divides_by_nothing() -> None:
    summary = Tally().summary()
    assert summary["sent"] == summary["lost"] == 0
    assert summary["precision"] is None
    assert summary["recall"] is None
    assert summary["latency_ms"] == {"p50": None, "p99": None}


def test_a_transaction_neither_scored_nor_rejected_counts_as_lost_by_account_and_id() -> None:
    tally = Tally()
    tally.on_sent([labelled("a"), labelled("b"), labelled("c"), labelled("d")], put_at_ms=0)
    tally.on_scored([scored("a"), scored("a"), scored("stranger"), scored("d", "duplicate")])
    tally.on_scored([scored("c", account="of another")])
    tally.on_dead_letter(dead(b'{"transaction_id": "b", "account_id": "A"}'))
    tally.on_dead_letter(dead(b'{"transaction_id": "c", "account_id": "of another"}'))
    assert tally.lost() == 2  # c was never scored, and of d only its duplicate was
    assert tally.summary()["duplicates"] == 1
    assert tally.summary()["dead_letters"] == 2


@pytest.mark.parametrize("raw", [b"{", b"[]", b"7", b'{"transaction_id": null}', b""])
def test_a_dead_letter_without_an_id_accounts_for_no_transaction(raw: bytes) -> None:
    tally = Tally()
    tally.on_sent([labelled("a")], put_at_ms=0)
    tally.on_dead_letter(dead(raw))
    assert tally.lost() == 1
    assert tally.dead_letters == 1


def test_precision_and_recall_use_the_injected_labels() -> None:
    tally = Tally()
    fraud = [labelled("f1", "loan_fraud"), labelled("f2", "loan_fraud"), labelled("f3", "account_takeover")]
    tally.on_sent([*fraud, labelled("n1")], put_at_ms=0)
    for name in ("f1", "f3", "n1"):
        tally.on_alert(alert(name), arrival_ms=5)
    summary = tally.summary()
    assert summary["alerts"] == 3
    assert summary["precision"] == round(2 / 3, 4)
    assert summary["recall"] == round(2 / 3, 4)
    assert summary["by_fraud_type"]["loan_fraud"] == {"sent": 2, "alerts": 1, "recall": 0.5}
    assert summary["by_fraud_type"]["fee_manipulation"] == {"sent": 0, "alerts": 0, "recall": None}


def test_latency_runs_from_the_put_to_the_alerts_arrival_without_the_warm_up() -> None:
    tally = Tally()
    names = [str(number) for number in range(1, WARM_UP_TRANSACTIONS + 3)]
    tally.on_sent([labelled(name) for name in names], put_at_ms=100)
    for name, arrival_ms in ((names[-3], 9_999), (names[-2], 300), (names[-1], 500)):
        tally.on_alert(alert(name), arrival_ms)
    assert sorted(tally.latencies_ms) == [200, 400]
    assert tally.summary()["latency_ms"]["p50"] == 300
