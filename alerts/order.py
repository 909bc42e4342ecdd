"""Order in which two runs processed the transactions of each entity, reconstructed from their records. Pure.

A scored record's ``ordinals`` are its sequence numbers within its account, device, merchant and counterparty.
Sorted by them, the transactions of an entity show which earlier transactions its windows held when each one
arrived.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from fraudstream.domain.catalogue import ENTITIES, Entity
from fraudstream.domain.transaction import TransactionKey

Ordinals = Mapping[str, int]
Ids = Mapping[Entity, str | None]
"""The entity ids of a transaction; None if it has no such entity."""

_DIGEST_BITS: Final = 64
"""Two different sets of a million ids collide about once in 10^13 comparisons."""


class Seen(NamedTuple):
    """A transaction and its sequence number within an entity."""

    ordinal: int
    transaction: TransactionKey


class OrderChange(NamedTuple):
    """Transactions before which an entity's windows had different content or order in the two runs."""

    others: frozenset[TransactionKey]
    """Transactions preceded by a different set, or number, of transactions."""
    reordered: frozenset[TransactionKey]
    """Transactions preceded by the same transactions in another order."""


def order_changes(
    before: Mapping[TransactionKey, Ordinals],
    after: Mapping[TransactionKey, Ordinals],
    ids: Mapping[TransactionKey, Ids],
) -> dict[Entity, OrderChange]:
    """Compare the order of each entity's transactions in two runs; the mappings are keyed by transaction.

    A transaction that is missing from a run or from ``ids`` is left out. The gap shows in the transactions
    behind it, whose ordinals count it.
    """
    return {
        entity: _change(_sequences(entity, before, ids), _sequences(entity, after, ids))
        for entity in ENTITIES
    }


def _sequences(
    entity: Entity, ordinals: Mapping[TransactionKey, Ordinals], ids: Mapping[TransactionKey, Ids]
) -> dict[str, list[Seen]]:
    """Return the transactions of each id of an entity, in the order in which the job processed them."""
    sequences: defaultdict[str, list[Seen]] = defaultdict(list)
    for transaction, by_entity in ordinals.items():
        entity_id = ids.get(transaction, {}).get(entity)
        if entity_id is not None and entity in by_entity:
            sequences[entity_id].append(Seen(by_entity[entity], transaction))
    return {entity_id: sorted(sequence) for entity_id, sequence in sequences.items()}


def _change(before: Mapping[str, list[Seen]], after: Mapping[str, list[Seen]]) -> OrderChange:
    others: set[TransactionKey] = set()
    reordered: set[TransactionKey] = set()
    for entity_id in before.keys() & after.keys():
        first, second = before[entity_id], after[entity_id]
        if first == second:
            continue
        same = _length_of_same_begin(first, second)
        had = _had_before(first)
        for place, (transaction, had_now) in enumerate(_had_before(second).items()):
            if transaction not in had:
                continue
            if had[transaction] != had_now:
                others.add(transaction)
            elif place >= same:
                reordered.add(transaction)
    return OrderChange(frozenset(others), frozenset(reordered))


def _length_of_same_begin(first: list[Seen], second: list[Seen]) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))


def _had_before(sequence: Iterable[Seen]) -> dict[TransactionKey, tuple[int, int]]:
    """Return each transaction's ordinal and an order-independent digest of the transactions before it."""
    had: dict[TransactionKey, tuple[int, int]] = {}
    digest = 0
    for ordinal, transaction in sequence:
        had[transaction] = (ordinal, digest)
        digest = (digest + _digest(transaction)) % 2**_DIGEST_BITS
    return had


def _digest(transaction: TransactionKey) -> int:
    digest = hashlib.blake2b(digest_size=_DIGEST_BITS // 8)
    for text in transaction:
        part = text.encode()
        digest.update(len(part).to_bytes(8) + part)
    return int.from_bytes(digest.digest())
