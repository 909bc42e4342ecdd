"""Transactions on a timeline of milliseconds, and the reference's results for them.

In the drawings of the tests, time runs to the right, t arrives last, ( is exclusive and ] inclusive.
"""

from collections.abc import Sequence
from typing import Any

from fraudstream.domain.catalogue import Catalogue, Feature, TransactionFeature, WindowFeature
from fraudstream.domain.reference import Evaluated, Value, evaluate
from fraudstream.domain.transaction import Label, Transaction

NO_LIMIT_MS = 10**15
"""An allowed lateness that no transaction exceeds."""


def tx(time_ms: int, transaction_id: str | None = None, **others: Any) -> Transaction:  # noqa: ANN401 - any field
    """Return a transaction of account A over 1 VND, changed by ``others``."""
    fields: dict[str, Any] = {"account_id": "A", "transaction_amount_vnd": 1.0} | others
    own_id = transaction_id or f"at {time_ms} {sorted(others.items())}"
    return Transaction(transaction_id=own_id, event_time_ms=time_ms, **fields)


def label(
    transaction_id: str, available_at_ms: int, *, is_fraud: bool = True, account_id: str = "A"
) -> Label:
    """Return a label of an account's transaction; the reference matches it by account and id alone."""
    return Label(
        transaction_id=transaction_id,
        account_id=account_id,
        event_time_ms=available_at_ms,
        available_at_ms=available_at_ms,
        is_fraud=is_fraud,
    )


def window(statistic: Any, column: str | None = None, **others: Any) -> WindowFeature:  # noqa: ANN401 - checked by the model
    """Return a window named f over 10 ms of the account, changed by ``others``."""
    fields = {"name": "f", "entity": "account_id", "window_ms": 10} | others
    return WindowFeature(statistic=statistic, column=column, **fields)


def row(statistic: Any, name: str = "f", **operands: Any) -> TransactionFeature:  # noqa: ANN401 - checked by the model
    """Return a feature of the transaction itself."""
    return TransactionFeature(name=name, entity="transaction", statistic=statistic, **operands)


def run(
    features: Feature | Sequence[Feature],
    arrivals: Sequence[Transaction | Label],
    lateness_ms: int = NO_LIMIT_MS,
    tolerance_ms: int = 0,
) -> list[Evaluated]:
    """Evaluate a catalogue with these features."""
    listed = features if isinstance(features, Sequence) else [features]
    return list(
        evaluate(
            Catalogue(tuple(listed)),
            arrivals,
            allowed_lateness_ms=lateness_ms,
            future_tolerance_ms=tolerance_ms,
        )
    )


def values(
    features: Feature | Sequence[Feature],
    arrivals: Sequence[Transaction | Label],
    lateness_ms: int = NO_LIMIT_MS,
) -> list[Value]:
    """Return the last feature's value for each transaction, None if it is not new."""
    name = features[-1].name if isinstance(features, Sequence) else features.name
    return [each.features.get(name) for each in run(features, arrivals, lateness_ms)]


def last(features: Feature | Sequence[Feature], *arrivals: Transaction | Label) -> Value:
    """Return the last feature's value for the last transaction."""
    return values(features, arrivals)[-1]
