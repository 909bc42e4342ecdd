"""Enrichment of a producer's records, and suspicion of those without a label."""

from collections.abc import Iterator

import orjson

from fraudstream.domain.enrichment import Signals, TransactionEnricher, enriched_fields
from fraudstream.domain.likely_fraud_type import suspected_fraud_type
from fraudstream.domain.record_gate import RefusedRecordError, read_transaction
from producer.mixing import RecordItem


def suspected_items(
    items: Iterator[RecordItem], enricher: TransactionEnricher, *, is_enriched: bool
) -> Iterator[RecordItem]:
    """Judge the transactions without a label by the signs of the fraud patterns; yields them in order.

    With ``is_enriched`` every record also gets the fields of `fraudstream.domain.enrichment`, after its own.
    A record that is no transaction is yielded unchanged, and not judged.
    """
    for item in items:
        signals = None if item.labelled and not is_enriched else _signals(item, enricher)
        if signals is None:
            yield item
            continue
        if is_enriched:
            item = _enriched(item, signals)  # noqa: PLW2901 - the same item, with more fields
        yield item if item.labelled else item._replace(is_suspected=suspected_fraud_type(signals) is not None)


def _signals(item: RecordItem, enricher: TransactionEnricher) -> Signals | None:
    try:
        transaction = item.labelled.transaction if item.labelled else read_transaction(item.record.data)
        return enricher.signals(transaction)
    except RefusedRecordError:
        # The job refuses such a record; the producer sends it as it is.
        return None


def _enriched(item: RecordItem, signals: Signals) -> RecordItem:
    """Return the item with the fields at the end of its record, whose other bytes stay as they are."""
    record = item.record.data.rstrip()
    added = orjson.dumps(enriched_fields(signals))
    return item._replace(record=item.record._replace(data=record[:-1] + b"," + added[1:]))
