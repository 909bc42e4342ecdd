"""In which order two runs saw the transactions of each entity, by what their records say of it. Pure.

A scored record's ``ordinals`` are its sequence numbers within its account, device, merchant and
counterparty. In that order, the transactions of an entity tell which ones its windows had when each
of them came.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from fraudstream.domain.catalogue import ENTITIES, Entity

Ordinals = Mapping[str, int]
Ids = Mapping[Entity, str | None]
"""What a transaction says of its entities."""

_DIGEST_BITS: Final = 64
"""Two different sets of a million ids have the same digest once in some 10^13 comparisons."""


class Seen(NamedTuple):
    """A transaction and its sequence number within an entity."""

    ordinal: int
    transaction_id: str


class OrderChange(NamedTuple):
    """Transactions of which an entity's windows did not have the same before them in both runs."""

    others: frozenset[str]
    """Others came before them, or more, or fewer."""
    reordered: frozenset[str]
    """The same ones came before them, in another order."""


def order_changes(
    before: Mapping[str, Ordinals], after: Mapping[str, Ordinals], ids: Mapping[str, Ids]
) -> dict[Entity, OrderChange]:
    """Compare the order of each entity in two runs; the mappings have transaction ids as their keys.

    A transaction of which one run or ``ids`` knows nothing is left out, and found missing by those behind
    it, whose ordinals count it.
    """
    return {
        entity: _change(_sequences(entity, before, ids), _sequences(entity, after, ids))
        for entity in ENTITIES
    }


def _sequences(
    entity: Entity, ordinals: Mapping[str, Ordinals], ids: Mapping[str, Ids]
) -> dict[str, list[Seen]]:
    """Return the transactions of each id of an entity in the order in which its step saw them."""
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
    """Return for each transaction its ordinal, and a digest of which ones came before it, in any order."""
    had: dict[str, tuple[int, int]] = {}
    digest = 0
    for ordinal, transaction_id in sequence:
        had[transaction_id] = (ordinal, digest)
        digest = (digest + _digest(transaction_id)) % 2**_DIGEST_BITS
    return had


def _digest(transaction_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(transaction_id.encode(), digest_size=_DIGEST_BITS // 8).digest())
