"""Reference implementation of all features: the oracle that the kernel is tested against.

It keeps all transactions and scans all of them for each feature: slow, but easy to verify.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from fraudstream.domain.catalogue import ENTITIES, Catalogue, Entity, WindowFeature
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


def evaluate(
    catalogue: Catalogue, arrivals: Iterable[Transaction | Label], *, allowed_lateness_ms: int
) -> Iterator[Evaluated]:
    """Evaluate transactions in order of arrival, each against those that arrived before it.

    A label applies to all transactions that arrive after it, whether its own transaction came first or not.
    """
    past = _Past(catalogue, allowed_lateness_ms)
    for arrival in arrivals:
        if isinstance(arrival, Label):
            past.labels[arrival.key] = arrival
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


def _remembered(
    arrived: Sequence[Arrived], newest_ms: int, *, reach_ms: int, allowed_lateness_ms: int
) -> list[Arrived]:
    """Return the transactions that an entity still remembers: those that a timely transaction can need.

    A transaction that is late by exactly the allowed lateness sees the reach of the longest window, and at
    least transactions with its own event time, so that duplicates are found.
    """
    forgotten_ms = newest_ms - max(reach_ms, 1) - allowed_lateness_ms
    return [each for each in arrived if each.event_time_ms > forgotten_ms]


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
    """All transactions and labels that have arrived; nothing is ever evicted."""

    def __init__(self, catalogue: Catalogue, allowed_lateness_ms: int) -> None:
        self.labels: dict[TransactionKey, Label] = {}
        self._catalogue = catalogue
        self._allowed_lateness_ms = allowed_lateness_ms
        self._accepted: defaultdict[tuple[Entity, str], list[Arrived]] = defaultdict(list)

    def evaluated(self, transaction: Transaction) -> Evaluated:
        """Evaluate a transaction and keep it if it is new."""
        outcome = self._outcome(transaction)
        if outcome != "new":
            return Evaluated(transaction, outcome, {}, {})
        arrived = Arrived(transaction, self._row(transaction))
        ids = self._ids(transaction)
        views = {entity: self._view(entity, id_, arrived) for entity, id_ in ids.items()}
        features = self._features(arrived, views)
        for entity, id_ in ids.items():
            self._accepted[entity, id_].append(arrived)
        ordinals = {entity: len(self._accepted[entity, id_]) for entity, id_ in ids.items()}
        return Evaluated(transaction, "new", features, ordinals)

    def _outcome(self, transaction: Transaction) -> Outcome:
        """Return the outcome, which depends on the account alone and not on other entities.

        A transaction is a duplicate if the account remembers its id with the same fields, and conflicts if it
        remembers the id with other ones, late or not. Any other one is late if its event time is more than
        the allowed lateness behind the account's newest one.
        """
        others = self._accepted["account_id", transaction.account_id]
        newest_ms = max((other.event_time_ms for other in others), default=transaction.event_time_ms)
        known = [other.transaction for other in self._kept("account_id", others, newest_ms)]
        same = [other for other in known if other.transaction_id == transaction.transaction_id]
        if not same:
            is_late = newest_ms - transaction.event_time_ms > self._allowed_lateness_ms
            return "late" if is_late else "new"
        is_copy = any(_contents(other) == _contents(transaction) for other in same)
        return "duplicate" if is_copy else "conflicting_duplicate"

    def _kept(self, entity: Entity, arrived: list[Arrived], newest_ms: int) -> list[Arrived]:
        return _remembered(
            arrived,
            newest_ms,
            reach_ms=self._catalogue.reach_ms_of(entity),
            allowed_lateness_ms=self._allowed_lateness_ms,
        )

    def _view(self, entity: Entity, id_: str, at_hand: Arrived) -> _View:
        """Return what the entity knows when the current transaction arrives.

        An entity other than the account may be ahead of the transaction by more than the allowed lateness; it
        then remembers less than the windows reach. A label waits for its transaction only as long as the
        transaction itself would be remembered.
        """
        others = self._accepted[entity, id_]
        newest_ms = max(each.event_time_ms for each in [*others, at_hand])
        labels = self.labels
        if not self._kept(entity, [at_hand], newest_ms):
            own = at_hand.transaction.key
            labels = {key: label for key, label in labels.items() if key != own}
        return _View(self._kept(entity, others, newest_ms), labels)

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
