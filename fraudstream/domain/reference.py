"""Reference implementation of all features: the oracle that the kernel is tested against.

It scans all transactions that an entity remembers for each feature: slow, but easy to verify.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from fraudstream.domain.catalogue import ENTITIES, Catalogue, Entity, WindowFeature
from fraudstream.domain.customer import Customer, with_customer
from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.reference_memory import Memory
from fraudstream.domain.reference_rows import transaction_value
from fraudstream.domain.reference_windows import Arrived, Triple, Value, window_value
from fraudstream.domain.transaction import COLUMN_KINDS, Label, Transaction, TransactionKey

__all__ = ["Evaluated", "Features", "Outcome", "Triple", "Value", "evaluate", "merge_labels"]

Outcome = Literal["new", "duplicate", "conflicting_duplicate", "late"]
Features = dict[str, Value]


class Evaluated(NamedTuple):
    """Result for one arriving transaction; features and ordinals are empty unless the outcome is ``new``.

    The ordinals are the transaction's sequence numbers, from 1, among the new transactions of its account and
    of every other entity that has windows and of which the transaction has an id.
    """

    transaction: Transaction
    outcome: Outcome
    features: Features
    ordinals: dict[Entity, int]
    out_of_reach: tuple[Entity, ...] = ()
    """Entities that lost a transaction which the windows may cover; their features are None."""


def evaluate(
    catalogue: Catalogue,
    arrivals: Iterable[Transaction | Label],
    *,
    allowed_lateness_ms: int,
    future_tolerance_ms: int = DAY_MS,
    customers: Mapping[str, Customer] | None = None,
) -> Iterator[Evaluated]:
    """Evaluate transactions in order of arrival, each against those that arrived before it.

    A label applies to all transactions that arrive after it, whether its own transaction came first or not.
    The default of ``future_tolerance_ms`` is that of the setting. ``customers`` are the metadata by customer
    id, which stay the same.
    """
    past = _Past(catalogue, allowed_lateness_ms, future_tolerance_ms, customers or {})
    for arrival in arrivals:
        if isinstance(arrival, Label):
            past.hear(arrival)
        else:
            yield past.evaluated(arrival)


def merge_labels(
    transactions: Iterable[Transaction], labels: Iterable[Label]
) -> Iterator[Transaction | Label]:
    """Merge labels into the transactions of a file, in the order in which bounded mode reads both.

    A label comes just before the first transaction whose event time is at or after its ``available_at``, or
    at the end if there is no such transaction. Labels are ordered by ``available_at``.
    """
    waiting = deque(sorted(labels, key=lambda label: label.available_at_ms))
    for transaction in transactions:
        while waiting and waiting[0].available_at_ms <= transaction.event_time_ms:
            yield waiting.popleft()
        yield transaction
    yield from waiting


def _contents(transaction: Transaction) -> tuple[object, ...]:
    """Return the fields for a comparison; numbers are equal if they are the same double."""
    values: list[object] = [transaction.event_time_ms]
    for name, kind in COLUMN_KINDS.items():
        if kind != "time":
            value = getattr(transaction, name)
            values.append(float(value) if kind == "number" and value is not None else value)
    return tuple(values)


class _View(NamedTuple):
    """The transactions that an entity remembers, in order of arrival, and the labels by transaction."""

    others: list[Arrived]
    labels: Mapping[TransactionKey, Label]


class _Past:
    """What each entity remembers of the transactions that have arrived, and all labels."""

    def __init__(
        self,
        catalogue: Catalogue,
        allowed_lateness_ms: int,
        future_tolerance_ms: int,
        customers: Mapping[str, Customer],
    ) -> None:
        self._customers = customers
        self._labels: dict[TransactionKey, Label] = {}
        self._catalogue = catalogue
        self._allowed_lateness_ms = allowed_lateness_ms
        self._future_tolerance_ms = future_tolerance_ms
        self._memories: dict[tuple[Entity, str], Memory] = {}

    def hear(self, label: Label) -> None:
        """Take a label, which every entity applies to its transaction."""
        self._labels[label.key] = label
        for memory in self._memories.values():
            memory.hear(label)

    def evaluated(self, transaction: Transaction) -> Evaluated:
        """Evaluate a transaction and keep it if it is new."""
        outcome = self._outcome(transaction)
        if outcome != "new":
            return Evaluated(transaction, outcome, {}, {})
        known = with_customer(transaction, self._customers)
        arrived = Arrived(known, self._row(known))
        memories = {entity: self._memory(entity, id_) for entity, id_ in self._ids(transaction).items()}
        in_reach = {entity: memory.arrive(arrived, self._labels) for entity, memory in memories.items()}
        views = {entity: self._view(memories[entity]) for entity in memories if in_reach[entity]}
        features = self._features(arrived, views)
        for memory in memories.values():
            memory.keep(arrived)
        ordinals = {entity: memory.arrived for entity, memory in memories.items()}
        out_of_reach = tuple(entity for entity in memories if not in_reach[entity])
        return Evaluated(transaction, "new", features, ordinals, out_of_reach)

    def _outcome(self, transaction: Transaction) -> Outcome:
        """Return the outcome, which depends on the account alone and not on other entities.

        A transaction is a duplicate if the account remembers its id with the same fields, and conflicts if it
        remembers the id with other ones, late or not. Any other one is late if its event time is more than
        the allowed lateness behind the account's newest one.
        """
        memory = self._memory("account_id", transaction.account_id)
        known = [other.transaction for other in memory.kept]
        same = [other for other in known if other.transaction_id == transaction.transaction_id]
        if not same:
            newest_ms = transaction.event_time_ms if memory.on_time_ms is None else memory.on_time_ms
            is_late = newest_ms - transaction.event_time_ms > self._allowed_lateness_ms
            return "late" if is_late else "new"
        is_copy = any(_contents(other) == _contents(transaction) for other in same)
        return "duplicate" if is_copy else "conflicting_duplicate"

    def _memory(self, entity: Entity, id_: str) -> Memory:
        windows = [feature for feature in self._catalogue.windows if feature.entity == entity]
        return self._memories.setdefault(
            (entity, id_),
            Memory(
                is_shared=entity != "account_id",
                reach_ms=self._catalogue.reach_ms_of(entity),
                allowed_lateness_ms=self._allowed_lateness_ms,
                future_tolerance_ms=self._future_tolerance_ms,
                uses_labels=any(feature.statistic == "fraud_rate" for feature in windows),
            ),
        )

    def _view(self, memory: Memory) -> _View:
        if not memory.unheard:
            return _View(memory.kept, self._labels)
        return _View(
            memory.kept, {key: label for key, label in self._labels.items() if key not in memory.unheard}
        )

    def _ids(self, transaction: Transaction) -> dict[Entity, str]:
        counted = {"account_id", *self._catalogue.entities}
        ids = {entity: getattr(transaction, entity) for entity in ENTITIES if entity in counted}
        return {entity: id_ for entity, id_ in ids.items() if id_ is not None}

    def _row(self, transaction: Transaction) -> dict[str, float | None]:
        row: dict[str, float | None] = {}
        for feature in self._catalogue.row_features:
            row[feature.name] = transaction_value(feature, transaction, row)
        return row

    def _features(self, at_hand: Arrived, views: dict[Entity, _View]) -> Features:
        features: Features = {}
        for feature in self._catalogue.features:
            if not isinstance(feature, WindowFeature):
                value: Value = transaction_value(feature, at_hand.transaction, features)
            elif feature.entity in views:
                view = views[feature.entity]
                value = window_value(feature, at_hand, view.others, view.labels)
            else:
                value = None
            features[feature.name] = value
        return features
