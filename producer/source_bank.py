"""Transactions of the simulated bank, generated in this process."""

import itertools
from collections.abc import Iterator

from fraudstream.streams.protocols import Record
from producer.mixing import RecordItem, labelled_items
from producer.simulation import TrafficOptions, blocks, ending_at, generate


def bank_items(options: TrafficOptions) -> Iterator[RecordItem]:
    """Return the bank's labelled transactions from ``options.start_ms`` on, without an end."""
    return labelled_items(generate(options))


def bank_records(options: TrafficOptions, count: int, end_ms: int) -> Iterator[Record]:
    """Return ``count`` transactions whose event times end at about ``end_ms`` (epoch milliseconds).

    The simulated bank is built before this returns, so that building it takes no time from the schedule.
    """
    traffic = blocks(ending_at(options, count, end_ms))
    first = next(traffic)
    records = (
        Record(data, account_id)
        for block in itertools.chain([first], traffic)
        for data, account_id in zip(block.records(), block.account_ids(), strict=True)
    )
    return itertools.islice(records, count)
