"""Records with the enriched fields, and suspicion of transactions without a label."""

from collections.abc import Iterator
from itertools import islice

import orjson
import pytest

from fraudstream.domain.duration import MINUTE_MS
from fraudstream.domain.enrichment import ENRICHED_FIELDS, TransactionEnricher
from fraudstream.domain.json_objects import json_object
from fraudstream.domain.record_gate import read_transaction
from fraudstream.domain.transaction import Transaction
from fraudstream.streams.protocols import Record
from producer.enriching import suspected_items
from producer.mixing import RecordItem, labelled_items
from producer.simulation import LabelledTransaction, TrafficOptions, generate

START_MS = 1_767_200_400_000


@pytest.fixture(scope="module")
def traffic() -> list[LabelledTransaction]:
    return list(islice(generate(TrafficOptions(start_ms=START_MS, accounts=500)), 8_000))


def taken(items: Iterator[RecordItem], *, is_enriched: bool) -> list[RecordItem]:
    return list(suspected_items(items, TransactionEnricher(), is_enriched=is_enriched))


def test_an_enriched_record_is_the_same_transaction_with_six_more_fields(
    traffic: list[LabelledTransaction],
) -> None:
    enricher = TransactionEnricher()
    for before, item in zip(traffic, taken(labelled_items(traffic), is_enriched=True), strict=True):
        record = orjson.loads(item.record.data)
        assert {name: record.pop(name) for name in ENRICHED_FIELDS} == enricher.enrich(before.transaction)
        assert orjson.dumps(record) == before.transaction.to_json()
        assert Transaction.from_json(item.record.data) == before.transaction
        assert (item.labelled, item.record.partition_key) == (before, before.transaction.account_id)


def test_without_the_option_records_stay_as_they_are(traffic: list[LabelledTransaction]) -> None:
    items = list(labelled_items(traffic[:100]))
    assert taken(iter(items), is_enriched=False) == items


def test_suspicion_finds_most_fraud_and_few_honest_transactions(traffic: list[LabelledTransaction]) -> None:
    unlabelled = (item._replace(labelled=None) for item in labelled_items(traffic))
    verdicts = [item.is_suspected for item in taken(unlabelled, is_enriched=False)]
    fraud = [verdict for verdict, (_, label) in zip(verdicts, traffic, strict=True) if label.is_fraud]
    honest = [verdict for verdict, (_, label) in zip(verdicts, traffic, strict=True) if not label.is_fraud]
    assert sum(map(bool, fraud)) / len(fraud) > 0.4
    assert sum(map(bool, honest)) / len(honest) < 0.005


@pytest.mark.parametrize(("fraud_type", "above"), [("money_laundering", 15), ("fee_manipulation", 12)])
def test_every_account_of_an_obvious_rapid_campaign_exceeds_the_frequency_of_its_type(
    fraud_type: str, above: int
) -> None:
    options = TrafficOptions(
        start_ms=START_MS, accounts=500, fraud_share=0.3, fraud_mix={fraud_type: 1.0}, subtle_share=0
    )
    traffic = list(islice(generate(options), 6_000))
    enricher = TransactionEnricher()
    end_ms = traffic[-1].transaction.event_time_ms
    highest: dict[str, int] = {}
    begun_at_the_end = set()
    for transaction, label in traffic:
        frequency = enricher.enrich(transaction)["transaction_frequency_5min"] or 0
        if label.is_fraud:
            highest[label.account_id] = max(frequency, highest.get(label.account_id, 0))
            if transaction.event_time_ms > end_ms - 5 * MINUTE_MS:
                begun_at_the_end.add(label.account_id)
    counts = [count for account, count in highest.items() if account not in begun_at_the_end]
    assert len(counts) > 50
    assert min(counts) > above


@pytest.mark.parametrize("is_enriched", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        b"not JSON",
        b"[]",
        b"{}",
        b'{"transaction_id":"T","account_id":"A","event_time":"2026-01-01T00:00:00Z"}',
        b'{"transaction_id":"T","account_id":"A","event_time":"soon","transaction_amount_vnd":1}',
        b'{"transaction_id":"T","account_id":"A","event_time":"2026-01-01T00:00:00Z","transaction_amount_vnd":"x"}',
    ],
)
def test_a_record_that_is_no_transaction_passes_unchanged_and_unjudged(
    data: bytes, *, is_enriched: bool
) -> None:
    item = RecordItem("good", Record(data, "A"))
    assert taken(iter([item]), is_enriched=is_enriched) == [item]


@pytest.mark.parametrize("memo", ['"\\ud800"', "1e999", '"x"'])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_the_job_ignores_in_a_record_is_kept(memo: str, mark: bytes) -> None:
    transaction = Transaction(
        transaction_id="T", event_time_ms=START_MS, account_id="A", transaction_amount_vnd=1.0
    )
    data = mark + transaction.to_json()[:-1] + f', "memo": {memo}}} '.encode()
    (item,) = taken(iter([RecordItem("good", Record(data, "A"))]), is_enriched=True)
    assert item.record.data.startswith(data.rstrip()[:-1])
    assert set(ENRICHED_FIELDS) < set(json_object(item.record.data))
    assert read_transaction(item.record.data) == transaction


@pytest.mark.parametrize("amount", [b'"5"', b"true", b"-5"])
def test_a_row_that_the_job_refuses_is_neither_judged_nor_counted(amount: bytes) -> None:
    data = b'{"transaction_id":"T","event_time":"2026-01-02T03:04:05Z","account_id":"A",'
    item = RecordItem("good", Record(data + b'"transaction_amount_vnd":' + amount + b"}", "A"))
    assert taken(iter([item]), is_enriched=True) == [item]
