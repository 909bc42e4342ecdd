"""Holds what a live job has scored against the naive reference.

Several tasks work at once, so there is no one order in which all entities saw their transactions.
Each entity's windows are held against the reference in that entity's own order, which the records'
ordinals tell.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from fraudstream.catalogue import ENTITIES, Catalogue, Entity, Feature, WindowFeature
from fraudstream.duration import DAY_MS
from fraudstream.reference import Value, evaluate
from fraudstream.transaction import Transaction
from tests.stack.live_job import Scored

LATENESS_MS: Final = DAY_MS
"""The default of the setting; the transactions of a test lie closer together, so none is late."""
TOLERANCE: Final = 1e-9
"""Relative, and absolute near 0."""


class Wrong(NamedTuple):
    """A feature that is not what the reference says."""

    transaction_id: str
    feature: str
    value: Value
    expected: Value


def last_copies(records: Iterable[Scored]) -> dict[str, Scored]:
    """Return the last record of each transaction that was new; what is replayed has several."""
    return {record["transaction_id"]: record for record in records if record["outcome"] == "new"}


def wrong_features(
    catalogue: Catalogue,
    transactions: Sequence[Transaction],
    records: Iterable[Scored],
    *,
    before: Sequence[Transaction] = (),
) -> list[Wrong]:
    """Return which features of ``transactions`` are not those of the reference.

    ``before`` are transactions that an earlier job scored, as its state has kept them: they count in
    the windows of the entities that had a step then, and are not looked at themselves.
    """
    last = last_copies(records)
    ids = {each.transaction_id for each in transactions}
    wrong = []
    for entity in ENTITIES:
        names = _names(catalogue, entity)
        arrivals = _in_order(entity, [*before, *transactions], last)
        for transaction, outcome, expected, _ in evaluate(
            catalogue, arrivals, allowed_lateness_ms=LATENESS_MS
        ):
            assert outcome == "new"
            if transaction.transaction_id in ids:
                features = last[transaction.transaction_id]["features"]
                wrong += [
                    Wrong(transaction.transaction_id, name, features[name], expected[name])
                    for name in names
                    if not _is_close(features[name], expected[name])
                ]
    return wrong


def wrong_ordinals(
    catalogue: Catalogue,
    transactions: Sequence[Transaction],
    records: Iterable[Scored],
    *,
    before: Sequence[Transaction] = (),
) -> dict[tuple[Entity, str], list[int]]:
    """Return the ordinals of each entity that are not 1, 2, 3, …: one was lost, or counted twice.

    ``before`` as above.
    """
    last = last_copies(records)
    found: defaultdict[tuple[Entity, str], list[int]] = defaultdict(list)
    for entity in dict.fromkeys(("account_id", *catalogue.entities)):
        for each in [*_seen_by(entity, before, last), *transactions]:
            if (id_ := getattr(each, entity)) is not None:
                found[entity, id_].append(_ordinal(entity, each, last))
    return {key: sorted(ordinals) for key, ordinals in found.items() if not _are_all(ordinals)}


def _are_all(ordinals: list[int]) -> bool:
    return set(ordinals) == set(range(1, len(ordinals) + 1))


def _in_order(
    entity: Entity, transactions: Sequence[Transaction], last: Mapping[str, Scored]
) -> list[Transaction]:
    """Return the transactions so that those of one id of the entity are in the order that its step saw."""
    seen = _seen_by(entity, transactions, last)
    return sorted(seen, key=lambda each: _ordinal(entity, each, last))


def _seen_by(
    entity: Entity, transactions: Sequence[Transaction], last: Mapping[str, Scored]
) -> list[Transaction]:
    """Return the transactions without those that have an id of the entity but met no step of it."""
    return [each for each in transactions if getattr(each, entity) is None or _ordinal(entity, each, last)]


def _ordinal(entity: Entity, transaction: Transaction, last: Mapping[str, Scored]) -> int:
    ordinal: int = last[transaction.transaction_id]["ordinals"].get(entity, 0)
    return ordinal


def _names(catalogue: Catalogue, entity: Entity) -> list[str]:
    named = {feature.name: feature for feature in catalogue.features}
    return [name for name, feature in named.items() if _entity_behind(feature, named) == entity]


def _entity_behind(feature: Feature, named: Mapping[str, Feature]) -> Entity:
    """Return the entity whose windows a feature depends on; the account, which all have, for none."""
    if isinstance(feature, WindowFeature):
        return feature.entity
    behind = {_entity_behind(named[name], named) for name in feature.of} or {"account_id"}
    assert len(behind) == 1, f"{feature.name} depends on the windows of {behind}"
    return behind.pop()


def _is_close(value: Value, expected: Value) -> bool:
    if value is None or expected is None:
        return value is expected
    assert not isinstance(value, list)
    assert not isinstance(expected, list)
    return math.isclose(value, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
