"""Enrichment of transactions by their sender: the fields that mark fraud patterns, without the job.

The values are those of the features of `fraudstream.domain.families`, so one definition serves both. The job
ignores the fields of a record and computes its own.
"""

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.families import signs_of_fraud_patterns, transaction_itself
from fraudstream.domain.reference_rows import transaction_value
from fraudstream.domain.transaction import Transaction

if TYPE_CHECKING:
    from fraudstream.domain.features import TransactionFeature

Signals = Mapping[str, float | None]
"""Features of one transaction by name; None if the transaction has not what they need."""
EnrichedFields = dict[str, int | bool | None]
"""Fields to add to a transaction's JSON object, by name."""

FREQUENCY_FIELD: Final = "transaction_frequency_5min"
FLAG_FIELDS: Final = ("high_amount_flag", "off_hours_flag", "high_frequency_flag", "suspicious_device_flag")
ENRICHED_FIELDS: Final = (FREQUENCY_FIELD, "transaction_hour", *FLAG_FIELDS)

WINDOW_MS: Final = 5 * MINUTE_MS
KEPT_MS: Final = 2 * WINDOW_MS
"""Age, behind an account's newest transaction, at which a transaction is forgotten."""
MAX_ACCOUNTS: Final = 100_000
MAX_PER_ACCOUNT: Final = 1_000

_COUNT: Final = "account_count_5m"
_SUM: Final = "account_amount_vnd_sum_5m"
_ROWS: Final = [
    cast("TransactionFeature", feature) for feature in (*transaction_itself(), *signs_of_fraud_patterns())
]


class TransactionEnricher:
    """Counts each account's transactions of five minutes, by event time, and derives the fields from them.

    Counts and sums are exact for a transaction that is at most five minutes behind the newest one of its
    account, and while the account has at most ``MAX_PER_ACCOUNT`` transactions in ten minutes; otherwise they
    are too low. Of more than ``max_accounts`` accounts, the one that was quiet for longest is forgotten. A
    transaction that is passed twice counts twice. Not for use by several threads at once.
    """

    def __init__(self, max_accounts: int = MAX_ACCOUNTS) -> None:
        if max_accounts < 1:
            msg = f"max_accounts={max_accounts}: give at least 1"
            raise ValueError(msg)
        self._max_accounts = max_accounts
        self._recent: OrderedDict[str, list[tuple[int, float]]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of accounts that are remembered."""
        return len(self._recent)

    def enrich(self, transaction: Transaction) -> EnrichedFields:
        """Count the transaction and return the fields of `ENRICHED_FIELDS` for its record."""
        return enriched_fields(self.signals(transaction))

    def signals(self, transaction: Transaction) -> Signals:
        """Count the transaction and return its features, among them all signs of the fraud patterns.

        Raises ``TypeError``, ``ValueError`` or ``AttributeError`` if a field is not of its type.
        """
        amount_vnd = float(transaction.transaction_amount_vnd)
        in_window = self._counted(transaction.account_id, transaction.event_time_ms, amount_vnd)
        values: dict[str, float | None] = {
            _COUNT: float(len(in_window)),
            _SUM: sum(amount for _, amount in in_window),
        }
        for feature in _ROWS:
            values[feature.name] = transaction_value(feature, transaction, values)
        return values

    def _counted(self, account_id: str, time_ms: int, amount_vnd: float) -> list[tuple[int, float]]:
        """Add a transaction and return those of its account in (time - 5 minutes, time]."""
        recent = self._recent.setdefault(account_id, [])
        self._recent.move_to_end(account_id)
        insort(recent, (time_ms, amount_vnd))
        in_window = recent[_after(recent, time_ms - WINDOW_MS) : _after(recent, time_ms)]
        forgotten = max(_after(recent, recent[-1][0] - KEPT_MS), len(recent) - MAX_PER_ACCOUNT)
        del recent[:forgotten]
        if len(self._recent) > self._max_accounts:
            self._recent.popitem(last=False)
        return in_window


def enriched_fields(signals: Signals) -> EnrichedFields:
    """Return the fields of `ENRICHED_FIELDS` for these signals, flags as booleans, None if unknown."""
    flags = {name: None if (value := signals[name]) is None else value == 1 for name in FLAG_FIELDS}
    return {
        FREQUENCY_FIELD: int(signals[_COUNT] or 0),
        "transaction_hour": int(signals["transaction_hour"] or 0),
        **flags,
    }


def _after(recent: list[tuple[int, float]], time_ms: int) -> int:
    return bisect_right(recent, time_ms, key=lambda one: one[0])
