"""Transactions as the JSON of the API's answers and events, with the fields of an enrichment on request."""

from collections.abc import Callable, Sequence

import orjson

from fraudstream.domain.enrichment import TransactionEnricher
from fraudstream.domain.transaction import Transaction

ToJson = Callable[[Transaction], bytes]
"""Writes one transaction as a JSON object."""


def enriched_format(enricher: TransactionEnricher) -> ToJson:
    """Return a format with the fields of `fraudstream.domain.enrichment` after a transaction's own.

    Each transaction that it writes is counted by ``enricher``, so it must write each one once.
    """

    def to_json(transaction: Transaction) -> bytes:
        own, added = transaction.to_json(), orjson.dumps(enricher.enrich(transaction))
        return b"%b,%b" % (own[:-1], added[1:])

    return to_json


def transactions_json(transactions: Sequence[Transaction], to_json: ToJson = Transaction.to_json) -> bytes:
    """Return ``{"count": ..., "transactions": [...]}``."""
    items = b",".join(to_json(transaction) for transaction in transactions)
    return b'{"count":%d,"transactions":[%b]}' % (len(transactions), items)
