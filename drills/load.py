"""What a drill sends: transactions of the simulated bank, whose truth is known, in the order of sending."""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from fraudstream.domain.duration import HOUR_MS
from fraudstream.domain.transaction import Transaction
from fraudstream.streams.protocols import Record
from producer.broken import BROKEN_KINDS, broken_record
from producer.simulation import TrafficOptions, ending_at, generate

SEED: Final = 7
TRANSACTIONS_PER_ACCOUNT: Final = 3
"""At five a day the whole load spans some 16 hours: with what a drill adds it stays below the 24 hours
that the job allows a transaction to be late, so that no replay can make one so."""
TOO_LARGE_FEES_VND: Final = 1e300
"""A number that the job accepts, and single precision, in which the model computes, can't hold (3.4e38)."""
LATEST: Final = timedelta(hours=2)
LATE_SHARE: Final = 0.05


class SentItem(NamedTuple):
    """One record to send: a sound transaction, or what must be refused for a ``reason``."""

    record: Record
    transaction: Transaction | None = None
    reason: str | None = None

    @property
    def sha256(self) -> str:
        """What a dead letter says of the record's bytes."""
        return hashlib.sha256(self.record.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much a drill sends, and how long its faults last."""

    transactions: int = 6_000
    rate: float = 300.0
    """Records a second."""
    outage_s: float = 60.0
    absence_s: float = 120.0
    broken: int = 5_000


Load = Callable[[Effort, int], list[SentItem]]
"""Makes what is sent; the second argument is the time of now (epoch milliseconds)."""


def ordinary(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions in the order of their event times, the last of them now."""
    return [_sound(each) for each in _transactions(effort, now_ms)]


def doubled_and_late(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return each transaction twice, and of all a share late, by up to `LATEST`."""
    options = {"doubled_share": 1.0, "late_share": LATE_SHARE, "latest": LATEST}
    # Each comes twice, so half as many different ones make the same load.
    return [_sound(each) for each in _transactions(effort, now_ms, **options)]


def with_wrong_clock(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions of which the second third is an hour ahead, and the last third an hour behind."""
    items = []
    transactions = _transactions(effort, now_ms)
    for number, each in enumerate(transactions):
        off_ms = (0, HOUR_MS, -HOUR_MS)[3 * number // len(transactions)]
        items.append(_sound(replace(each, event_time_ms=each.event_time_ms + off_ms)))
    return items


def with_broken(effort: Effort, now_ms: int) -> list[SentItem]:
    """Return transactions with broken records of every kind among them, and one that no model can score."""
    rng = random.Random(SEED)
    broken = [_broken(number, rng, now_ms) for number in range(effort.broken)]
    items = [*ordinary(effort, now_ms), *broken]
    # A stable sort by a place for each: the transactions keep their order, the broken ones fall among them.
    places = [*range(effort.transactions), *(rng.uniform(0, effort.transactions) for _ in broken)]
    mixed = [item for _, item in sorted(zip(places, items, strict=True), key=lambda pair: pair[0])]
    return [*mixed[: len(mixed) // 2], _without_score(now_ms), *mixed[len(mixed) // 2 :]]


def with_idle_shard(effort: Effort, now_ms: int, shards: int) -> list[SentItem]:
    """Return transactions so that the first of ``shards`` gets none between its first fifth and the end."""
    items = ordinary(effort, now_ms)
    begin = len(items) // 5
    busy = [each for each in items[begin:] if shard_number(each.record.partition_key, shards) != 0]
    held_back = [each for each in items[begin:] if shard_number(each.record.partition_key, shards) == 0]
    return [*items[:begin], *busy, *held_back]


def shard_number(partition_key: str, shards: int) -> int:
    """Return which of ``shards`` equal shards takes a key: by its MD5 (Kinesis API reference: PutRecord)."""
    hashed = int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest())
    return min(hashed // (2**128 // shards), shards - 1)


def transactions_of(items: Iterable[SentItem]) -> list[Transaction]:
    """Return each sound transaction once, in the order in which they are first sent."""
    sound = {each.transaction.transaction_id: each.transaction for each in items if each.transaction}
    return list(sound.values())


def _transactions(effort: Effort, now_ms: int, **options: Any) -> Sequence[Transaction]:  # noqa: ANN401 - TrafficOptions'
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


def _without_score(now_ms: int) -> SentItem:
    transaction = Transaction(
        # Ids that nobody else has: it counts in windows, and has no record that tells the order there.
        transaction_id="WITHOUT-SCORE",
        event_time_ms=now_ms,
        account_id="ACC_WITHOUT_SCORE",
        transaction_amount_vnd=250_000.0,
        transaction_fees_vnd=TOO_LARGE_FEES_VND,
    )
    return SentItem(Record(transaction.to_json(), transaction.account_id), reason="scoring")
