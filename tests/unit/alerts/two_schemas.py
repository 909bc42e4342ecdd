"""Alerts for the same transactions as this release and an earlier one write them."""

from typing import Any

from fraudstream.domain.alert import alert_id, alert_id_1
from fraudstream.domain.transaction import TransactionKey, format_time
from tests.unit.alerts.alert_fakes import NOW_MS
from tests.unit.alerts.alert_samples import alert

DIGEST = "5" * 64
MINUTE_MS = 60_000
ARRIVED_MS = NOW_MS - MINUTE_MS


def id_of(account: str, transaction: str) -> str:
    return alert_id(TransactionKey(account, transaction), DIGEST)


def today(account: str, transaction: str, arrived_ms: int = ARRIVED_MS, **changes: Any) -> bytes:  # noqa: ANN401 - fields
    """Return an alert as the job writes it now."""
    fields: dict[str, Any] = {
        "schema_version": 2,
        "alert_id": id_of(account, transaction),
        "transaction_id": transaction,
        "account_id": account,
        "arrival_time": format_time(arrived_ms),
        "model_version": "v1",
        "model_digest": DIGEST,
    }
    return alert(1, **fields | changes)


def earlier(account: str, transaction: str) -> bytes:
    """Return the alert that an earlier release wrote for the same transaction."""
    return alert(
        1,
        alert_id=alert_id_1(transaction, "v1"),
        transaction_id=transaction,
        account_id=account,
        arrival_time=format_time(ARRIVED_MS),
        model_version="v1",
    )
