from itertools import islice

from fraudstream.domain.transaction import Transaction
from producer.simulation import TrafficOptions, ending_at, generate
from producer.source_bank import bank_items, bank_records

END_MS = 1_767_312_000_000


def test_the_banks_transactions_start_with_the_first() -> None:
    options = TrafficOptions(accounts=50, start_ms=0)
    expected = [tx.to_json() for tx, _ in islice(generate(ending_at(options, 20, END_MS)), 20)]
    assert [record.data for record in bank_records(options, 20, END_MS)] == expected


def test_the_bank_returns_the_requested_transactions_with_their_accounts() -> None:
    records = list(bank_records(TrafficOptions(accounts=50, start_ms=0), 300, END_MS))
    transactions = [Transaction.from_json(record.data) for record in records]
    assert len({transaction.transaction_id for transaction in transactions}) == 300
    assert [record.partition_key for record in records] == [tx.account_id for tx in transactions]


def test_the_same_seed_gives_the_same_records() -> None:
    first, second = (
        list(bank_records(TrafficOptions(seed=3, accounts=50, start_ms=0), 100, END_MS)) for _ in range(2)
    )
    assert first == second


def test_an_item_of_the_bank_has_its_time_and_its_label() -> None:
    options = TrafficOptions(accounts=50, start_ms=END_MS)
    for item, (transaction, label) in zip(islice(bank_items(options), 50), generate(options), strict=False):
        assert item.kind == "good"
        assert item.record == (transaction.to_json(), transaction.account_id)
        assert (item.event_time_ms, item.labelled) == (transaction.event_time_ms, (transaction, label))
