"""Where the records of a load test come from: the generator, or a file of JSON lines."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import orjson

from producer.simulation import TrafficOptions, blocks, ending_at
from streams.errors import StreamError
from streams.writer import Record


def generated(options: TrafficOptions, count: int, end_ms: int) -> Iterator[Record]:
    """Return ``count`` transactions whose event times end at about ``end_ms`` (epoch milliseconds).

    The simulated bank is built before this returns, so that it takes no time from the schedule.
    """
    traffic = blocks(ending_at(options, count, end_ms))
    first = next(traffic)
    records = (
        Record(data, account_id)
        for block in itertools.chain([first], traffic)
        for data, account_id in zip(block.records(), block.account_ids(), strict=True)
    )
    return itertools.islice(records, count)


def from_file(path: Path) -> Iterator[Record]:
    """Read one record a line, sent as it stands under its ``account_id``; empty lines are left out.

    Nothing else of a line is looked at. Raises `StreamError`, with the number of the line, where
    there is no account to go by.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            data = line.strip()
            if data:
                yield Record(data, _account_id(data, f"{path}, line {number}"))


def _account_id(data: bytes, place: str) -> str:
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        msg = f"{place}: not JSON ({error}); give one transaction a line"
        raise StreamError(msg) from error
    account_id = record.get("account_id") if isinstance(record, dict) else None
    if not isinstance(account_id, str) or not account_id:
        msg = f"{place}: no account_id, which is the partition key; give one transaction a line"
        raise StreamError(msg)
    return account_id
