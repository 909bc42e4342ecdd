"""Holds what a live job has scored against the naive reference.

Several tasks work at once, so there is no one order in which all entities saw their transactions.
Each entity's windows are held against the reference in that entity's own order, which the records'
ordinals tell.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fraudstream.domain.catalogue import ENTITIES, Catalogue, Entity
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.reference import evaluate
from fraudstream.domain.transaction import Transaction

LATENESS_MS: Final = DAY_MS
"""The default of the setting; the transactions of a drill lie closer together, so none is late."""
TOLERANCE: Final = 1e-9
"""Relative, and absolute near 0."""

Scored = dict[str, Any]
"""A record of the stream of scored transactions."""


class Wrong(NamedTuple):
    """A feature, or something else that is said of a transaction, that is not what it should be."""

    transaction_id: str
    feature: str
    value: object
    expected: object


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
    """Return which features of ``transactions``, each of which has a record, are not the reference's.

    ``before`` are transactions that an earlier job scored, as its state has kept them: they count in
    the windows of the entities that had a step then, and are not looked at themselves. Of a record by
    another catalogue, only the features that ``catalogue`` has too are looked at.
    """
    last = last_copies(records)
    ids = {each.transaction_id for each in transactions}
    wrong = []
    for entity in ENTITIES:
        part, names = _told_by(entity, catalogue)
        arrivals = _in_order(entity, [*before, *transactions], last) if names else []
        for transaction, outcome, expected, _ in evaluate(part, arrivals, allowed_lateness_ms=LATENESS_MS):
            id_ = transaction.transaction_id
            if id_ in ids and outcome != "new":
                wrong.append(Wrong(id_, "outcome", "new", outcome))
            elif id_ in ids:
                features = last[id_]["features"]
                wrong += [
                    Wrong(id_, name, features[name], expected[name])
                    for name in names
                    if name in features and not is_close(features[name], expected[name])
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


def is_close(value: object, expected: object) -> bool:
    """Whether two values are the same but for rounding; null is close to null alone."""
    if isinstance(value, int | float) and isinstance(expected, int | float):
        return math.isclose(value, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return value == expected


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


def _told_by(entity: Entity, catalogue: Catalogue) -> tuple[Catalogue, list[str]]:
    """Return the features that follow from an entity's own order, and the names of those to look at.

    Features of the transaction alone follow from any order; they are looked at in the account's.
    """
    behind = catalogue.entities_behind
    part = Catalogue(tuple(each for each in catalogue.features if behind[each.name] <= {entity}))
    wanted = ({entity}, set()) if entity == "account_id" else ({entity},)
    return part, [name for name in part.names if behind[name] in wanted]
