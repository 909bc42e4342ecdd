"""Comparison of a live job's scored records with the naive reference.

Tasks run in parallel, so there is no single order in which all entities saw their transactions. Each entity's
windows are compared with the reference in that entity's own order, given by the records' ordinals.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from drills.field_comparison import is_close
from fraudstream.domain.catalogue import ENTITIES, Catalogue, Entity
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.features import OUT_OF_REACH
from fraudstream.domain.reference import Evaluated, evaluate
from fraudstream.domain.transaction import Transaction, TransactionKey

LATENESS_MS: Final = DAY_MS
"""Default of the setting for allowed lateness; a drill's transactions span less, so none is late."""
Scored = dict[str, Any]
"""A record of the stream of scored transactions."""


class Wrong(NamedTuple):
    """A feature, or another value of a transaction's output, that differs from the expected value."""

    about: TransactionKey | str
    """The transaction; for a dead letter, the SHA-256 of its record."""
    feature: str
    value: object
    expected: object


def last_copies(records: Iterable[Scored]) -> dict[TransactionKey, Scored]:
    """Return the last record with the outcome ``new`` by transaction; a replay produces several."""
    return {TransactionKey.of(record): record for record in records if record["outcome"] == "new"}


def wrong_features(
    catalogue: Catalogue,
    transactions: Sequence[Transaction],
    records: Iterable[Scored],
    *,
    before: Sequence[Transaction] = (),
) -> list[Wrong]:
    """Return the features of ``transactions`` that differ from the reference. Each must have a record.

    ``before`` are transactions that an earlier job scored and whose state was restored. They count in the
    windows of the entities that the earlier job processed, and are not compared themselves. Of a record with
    another catalogue, only the features that ``catalogue`` shares are compared.
    """
    last = last_copies(records)
    keys = {each.key for each in transactions}
    wrong = []
    for entity in ENTITIES:
        part, names = _told_by(entity, catalogue)
        arrivals = _in_order(entity, [*before, *transactions], last) if names else []
        for each in evaluate(part, arrivals, allowed_lateness_ms=LATENESS_MS):
            key = each.transaction.key
            if key in keys and each.outcome != "new":
                wrong.append(Wrong(key, "outcome", "new", each.outcome))
            elif key in keys:
                wrong += _differences(
                    entity, [name for name in names if name in last[key]["features"]], last[key], each
                )
    return wrong


def _differences(
    entity: Entity, names: Sequence[str], record: Scored, expected: Evaluated
) -> Iterator[Wrong]:
    """Yield the named features that differ, and whether the transaction was out of the entity's reach."""
    key = expected.transaction.key
    for name in names:
        if not is_close(record["features"][name], expected.features[name]):
            yield Wrong(key, name, record["features"][name], expected.features[name])
    said = [each for each in record.get(OUT_OF_REACH, ()) if each == entity]
    wanted = [each for each in expected.out_of_reach if each == entity]
    if names and said != wanted:
        yield Wrong(key, OUT_OF_REACH, said, wanted)


def wrong_ordinals(
    catalogue: Catalogue,
    transactions: Sequence[Transaction],
    records: Iterable[Scored],
    *,
    before: Sequence[Transaction] = (),
) -> dict[tuple[Entity, str], list[int]]:
    """Return the ordinals of each entity that are not 1, 2, 3, …: a transaction was lost or counted twice.

    ``before`` is the same as for `wrong_features`.
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
    entity: Entity, transactions: Sequence[Transaction], last: Mapping[TransactionKey, Scored]
) -> list[Transaction]:
    """Return the transactions sorted so that those of one entity id are in the order of processing."""
    seen = _seen_by(entity, transactions, last)
    return sorted(seen, key=lambda each: _ordinal(entity, each, last))


def _seen_by(
    entity: Entity, transactions: Sequence[Transaction], last: Mapping[TransactionKey, Scored]
) -> list[Transaction]:
    """Return the transactions without those that have an id of the entity but were not processed for it."""
    return [each for each in transactions if getattr(each, entity) is None or _ordinal(entity, each, last)]


def _ordinal(entity: Entity, transaction: Transaction, last: Mapping[TransactionKey, Scored]) -> int:
    ordinal: int = last[transaction.key]["ordinals"].get(entity, 0)
    return ordinal


def _told_by(entity: Entity, catalogue: Catalogue) -> tuple[Catalogue, list[str]]:
    """Return the features that an entity's own order determines, and the names of those to compare.

    Features of the transaction alone do not depend on the order; they are compared in the account's order.
    """
    behind = catalogue.entities_behind
    part = part_of(entity, catalogue)
    wanted = ({entity}, set()) if entity == "account_id" else ({entity},)
    return part, [name for name in part.names if behind[name] in wanted]


def part_of(entity: Entity, catalogue: Catalogue) -> Catalogue:
    """Return the features that need no other entity's windows than those of ``entity``."""
    behind = catalogue.entities_behind
    return Catalogue(tuple(each for each in catalogue.features if behind[each.name] <= {entity}))
