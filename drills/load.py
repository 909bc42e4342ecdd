"""Loads of a drill: transactions of the simulated bank with known labels, in sending order."""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from drills.send_journal import sha256_of
from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.transaction import Transaction
from fraudstream.streams.protocols import Record
from producer.broken import BROKEN_KINDS, broken_record
from producer.simulation import TrafficOptions, ending_at, generate

SEED: Final = 7
TRANSACTIONS_PER_ACCOUNT: Final = 3
"""At five transactions a day the load spans about 16 hours. Together with the drill's delays this stays below
the job's allowed lateness of 24 hours, so no replay can make a transaction late."""
ABSURD_FEES_VND: Final = 1e300
"""Far outside the range of fees: in a window, no model could hold the sum."""
HOT_ACCOUNT: Final = "ACC_HOT"
ONE_KEY: Final = "one key"
MAX_HOT: Final = 1_000
"""The reference scans all transactions of an account for each one of them."""
LATEST: Final = timedelta(hours=2)
LATE_SHARE: Final = 0.05


class SentItem(NamedTuple):
    """A record to send: a valid transaction, or a record that the job must refuse with ``reason``."""

    record: Record
    transaction: Transaction | None = None
    reason: str | None = None

    @property
    def sha256(self) -> str:
        """SHA-256 of the record's bytes, as a dead letter reports it."""
        return sha256_of(self.record.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """Size of a drill: how much it sends and how long its faults last."""

    transactions: int = 6_000
    rate: float = 300.0
    """Records per second."""
    outage_s: float = 60.0
    absence_s: float = 120.0
    broken: int = 5_000


Load = Callable[[Effort, int], list[SentItem]]
"""Function that creates the items to send; its second argument is the current time (epoch milliseconds)."""


def ordinary(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions in the order of their event times, which end now."""
    return [_sound(each) for each in _transactions(effort, now_ms)]


def doubled_and_late(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return each transaction twice, and a share of all items late by up to `LATEST`."""
    options = {"doubled_share": 1.0, "late_share": LATE_SHARE, "latest": LATEST}
    # Each transaction is sent twice, so half as many of them give a load of the same size.
    return [_sound(each) for each in _transactions(effort, now_ms, **options)]


def with_wrong_clock(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions with the second third an hour ahead and the last third an hour behind."""
    items = []
    transactions = _transactions(effort, now_ms)
    for number, each in enumerate(transactions):
        off_ms = (0, HOUR_MS, -HOUR_MS)[3 * number // len(transactions)]
        items.append(_sound(replace(each, event_time_ms=each.event_time_ms + off_ms)))
    return items


def with_broken(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions mixed with broken records of every kind, one of them with an absurd number.

    Another one is an aggregated record of the Kinesis Producer Library that is damaged.
    """
    rng = random.Random(SEED)
    broken = [_broken(number, rng, now_ms) for number in range(effort.broken)]
    items = [*ordinary(effort, now_ms), *broken]
    # Stable sort by position: the transactions keep their order, the broken records get random positions.
    places = [*range(effort.transactions), *(rng.uniform(0, effort.transactions) for _ in broken)]
    mixed = [item for _, item in sorted(zip(places, items, strict=True), key=lambda pair: pair[0])]
    half = len(mixed) // 2
    return [*mixed[:half], _absurd(now_ms), damaged_aggregate(now_ms), *mixed[half:]]


def with_hot_account(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions of which two thirds, but at most `MAX_HOT`, belong to one account."""
    transactions = _transactions(effort, now_ms)
    hot = min(MAX_HOT, 2 * len(transactions) // 3)
    begin = len(transactions) - hot
    return [
        _sound(replace(each, account_id=HOT_ACCOUNT) if number >= begin else each)
        for number, each in enumerate(transactions)
    ]


def with_conflicts(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions of which every tenth comes again at once with another amount."""
    items = []
    for number, each in enumerate(_transactions(effort, now_ms)):
        items.append(_sound(each))
        if number % 10 == 0:
            items.append(_sound(replace(each, transaction_amount_vnd=each.transaction_amount_vnd + 1)))
    return items


def with_one_key(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions in one shard: their order is that of the stream, for all entities alike."""
    items = ordinary(effort, now_ms)
    return [each._replace(record=each.record._replace(partition_key=ONE_KEY)) for each in items]


def with_idle_shard(effort: Effort, now_ms: int, shards: int) -> list[SentItem]:
    """Return transactions in an order that leaves the first of ``shards`` idle.

    After the first fifth of the load that shard gets no record until all others are sent.
    """
    items = ordinary(effort, now_ms)
    begin = len(items) // 5
    busy = [each for each in items[begin:] if shard_number(each.record.partition_key, shards) != 0]
    held_back = [each for each in items[begin:] if shard_number(each.record.partition_key, shards) == 0]
    return [*items[:begin], *busy, *held_back]


def shard_number(partition_key: str, shards: int) -> int:
    """Return the number of the shard, of ``shards`` equal ones, that a partition key is mapped to.

    Kinesis uses the MD5 of the key (API reference, PutRecord).
    """
    hashed = int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest())
    return min(hashed // (2**128 // shards), shards - 1)


def transactions_of(items: Iterable[SentItem]) -> list[Transaction]:
    """Return each valid transaction once, in the order of first sending."""
    sound = {each.transaction.key: each.transaction for each in items if each.transaction}
    return list(sound.values())


def _transactions(effort: Effort, now_ms: int, **options: Any) -> Sequence[Transaction]:  # noqa: ANN401 - fields of TrafficOptions
    traffic = TrafficOptions(
        seed=SEED,
        accounts=max(10, effort.transactions // TRANSACTIONS_PER_ACCOUNT),
        start_ms=0,
        **options,
    )
    ending_now = ending_at(traffic, effort.transactions, now_ms)
    return [each.transaction for each in islice(generate(ending_now), effort.transactions)]


def _sound(transaction: Transaction) -> SentItem:
    return SentItem(Record(transaction.to_json(), transaction.account_id), transaction)


def _broken(number: int, rng: random.Random, now_ms: int) -> SentItem:
    kind = BROKEN_KINDS[number % len(BROKEN_KINDS)]
    return SentItem(Record(broken_record(kind, rng, now_ms), f"broken-{number}"), reason=kind)


def damaged_aggregate(now_ms: int) -> SentItem:
    """Return an aggregated record of one transaction, of which the last byte is changed."""
    data = _absurd(now_ms).record.data
    record = b"\x08\x00\x1a" + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data
    message = b"\x0a\x01a\x1a" + bytes([len(record) & 0x7F | 0x80, len(record) >> 7]) + record
    digest = hashlib.md5(message, usedforsecurity=False).digest()
    whole = b"\xf3\x89\x9a\xc2" + message + digest[:-1] + bytes([digest[-1] ^ 1])
    return SentItem(Record(whole, "aggregated"), reason="aggregation")


def absurd_record(now_ms: int) -> bytes:
    """Return a transaction whose fees are far out of their range."""
    return _absurd(now_ms).record.data


def _absurd(now_ms: int) -> SentItem:
    transaction = Transaction(
        transaction_id="ABSURD",
        event_time_ms=now_ms,
        account_id="ACC_ABSURD",
        transaction_amount_vnd=250_000.0,
        transaction_fees_vnd=ABSURD_FEES_VND,
    )
    return SentItem(Record(transaction.to_json(), transaction.account_id), reason="invalid_value")
