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

Ordinals = Mapping[str, int]
Ids = Mapping[Entity, str | None]
"""The entity ids of a transaction; None if it has no such entity."""

_DIGEST_BITS: Final = 64
"""Two different sets of a million ids collide about once in 10^13 comparisons."""


class Seen(NamedTuple):
    """A transaction and its sequence number within an entity."""

    ordinal: int
    transaction_id: str


class OrderChange(NamedTuple):
    """Transactions before which an entity's windows had different content or order in the two runs."""

    others: frozenset[str]
    """Transactions preceded by a different set, or number, of transactions."""
    reordered: frozenset[str]
    """Transactions preceded by the same transactions in another order."""


def order_changes(
    before: Mapping[str, Ordinals], after: Mapping[str, Ordinals], ids: Mapping[str, Ids]
) -> dict[Entity, OrderChange]:
    """Compare the order of each entity's transactions in two runs; the mappings are keyed by transaction id.

    A transaction that is missing from a run or from ``ids`` is left out. The gap shows in the transactions
    behind it, whose ordinals count it.
    """
    return {
        entity: _change(_sequences(entity, before, ids), _sequences(entity, after, ids))
        for entity in ENTITIES
    }


def _sequences(
    entity: Entity, ordinals: Mapping[str, Ordinals], ids: Mapping[str, Ids]
) -> dict[str, list[Seen]]:
    """Return the transactions of each id of an entity, in the order in which the job processed them."""
    sequences: defaultdict[str, list[Seen]] = defaultdict(list)
    for transaction_id, by_entity in ordinals.items():
        entity_id = ids.get(transaction_id, {}).get(entity)
        if entity_id is not None and entity in by_entity:
            sequences[entity_id].append(Seen(by_entity[entity], transaction_id))
    return {entity_id: sorted(sequence) for entity_id, sequence in sequences.items()}


def _change(before: Mapping[str, list[Seen]], after: Mapping[str, list[Seen]]) -> OrderChange:
    others: set[str] = set()
    reordered: set[str] = set()
    for entity_id in before.keys() & after.keys():
        first, second = before[entity_id], after[entity_id]
        if first == second:
            continue
        same = _length_of_same_begin(first, second)
        had = _had_before(first)
        for place, (transaction_id, had_now) in enumerate(_had_before(second).items()):
            if transaction_id not in had:
                continue
            if had[transaction_id] != had_now:
                others.add(transaction_id)
            elif place >= same:
                reordered.add(transaction_id)
    return OrderChange(frozenset(others), frozenset(reordered))


def _length_of_same_begin(first: list[Seen], second: list[Seen]) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(first), len(second)))


def _had_before(sequence: Iterable[Seen]) -> dict[str, tuple[int, int]]:
    """Return each transaction's ordinal and an order-independent digest of the transactions before it."""
    had: dict[str, tuple[int, int]] = {}
    digest = 0
    for ordinal, transaction_id in sequence:
        had[transaction_id] = (ordinal, digest)
        digest = (digest + _digest(transaction_id)) % 2**_DIGEST_BITS
    return had


def _digest(transaction_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(transaction_id.encode(), digest_size=_DIGEST_BITS // 8).digest())
