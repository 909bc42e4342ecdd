"""Comparison of the scored stream with the truth.

An account's part of a record follows from the transaction stream. The windows of a device, a merchant or a
counterparty see several accounts, whose order the stream does not determine. There the ordinals of the
records give the order, which must be one that the accounts' own orders allow, as far as two transactions take
the same way through the job; the reference is evaluated in it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from drills.evidence import LATENESS_MS, Evidence, ExpectedOutput, Finding
from drills.field_comparison import Between, Number, OneOf, differences
from drills.live_job import WrittenRecord
from drills.reference_comparison import part_of
from drills.truth import AcceptedTransaction, Truth
from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import ENTITIES, Catalogue, Entity
from fraudstream.domain.features import OUT_OF_REACH, WindowFeature
from fraudstream.domain.reference import Features, evaluate
from fraudstream.domain.reference_rows import transaction_value
from fraudstream.domain.transaction import TransactionKey, format_time
from fraudstream.scoring.decisions import Decision, Subject

SHARED: Final = tuple(entity for entity in ENTITIES if entity != "account_id")
"""Entities whose transactions may belong to several accounts."""

ByTransaction = Mapping[TransactionKey, Sequence[WrittenRecord]]


class ScoredComparison:
    """The scored records of a run, with the features that the reference computes for them."""

    def __init__(self, truth: Truth, expected: ExpectedOutput, evidence: Evidence) -> None:
        self.truth = truth
        self._expected = expected
        self._evidence = evidence
        self.copies = _by_transaction(
            each for each in evidence.scored if each.content.get("outcome") == "new"
        )
        """Records of each scored transaction in their order; a replay makes several."""
        self._decisions = self._decide()
        self._orders = {entity: self._order_of(entity) for entity in SHARED}
        self._places = {
            (entity, key): place
            for entity, orders in self._orders.items()
            for order in orders.values()
            for place, key in enumerate(order, 1)
        }
        self._out_of_reach: defaultdict[TransactionKey, list[Entity]] = defaultdict(list)
        self._features = self._expected_features()

    def findings(self) -> Iterator[Finding]:
        """Yield what is lost or wrong."""
        for key in self.truth.accepted.keys() - self.copies.keys():
            yield Finding("lost", key, f"{key} has no score")
        for key, copies in self.copies.items():
            if key not in self.truth.accepted:
                yield Finding("wrong", key, f"{key}: outcome is new, expected none: nothing new was sent")
                continue
            if len(copies) > 1 and not self._evidence.may_repeat:
                yield Finding(
                    "wrong", key, f"{key} was scored {len(copies)} times, without a reason to repeat"
                )
            for number in range(len(copies)):
                yield from self._wrong_fields(key, number)
        yield from self._duplicates()
        yield from self._other_outcomes()
        yield from self._orders_that_cannot_be()
        yield from self._older_catalogues()

    def alerts(self) -> Mapping[TransactionKey, Sequence[Alert]]:
        """Return the alerts that are due by transaction: one for each record that reached the threshold."""
        due: defaultdict[TransactionKey, list[Alert]] = defaultdict(list)
        for (key, _), decision in sorted(self._decisions.items(), key=lambda pair: pair[0][1]):
            if decision.alert is not None:
                due[key].append(decision.alert)
        return due

    def is_due(self, key: TransactionKey) -> bool:
        """Return whether the last record of a transaction is due an alert."""
        return self._decisions[key, len(self.copies[key]) - 1].alert is not None

    def known_features(self, key: TransactionKey, catalogue_version: object) -> dict[str, Any]:
        """Return the expected features of a transaction, whatever order shared entities saw."""
        return self._features_of(key, self._expected.catalogue_of(catalogue_version), is_exact=False)

    # ---- scored transactions ----

    def _decide(self) -> dict[tuple[TransactionKey, int], Decision]:
        """Return the model's decision on the recorded features of each record, by transaction and number."""
        decisions: dict[tuple[TransactionKey, int], Decision] = {}
        for catalogue in self._expected.catalogues:
            rows = [
                (key, number, copy.content)
                for key, copies in self.copies.items()
                if key in self.truth.accepted
                for number, copy in enumerate(copies)
                if self._expected.catalogue_of(copy.content.get("catalogue_version")) == catalogue
            ]
            matrix = np.array([_vector(catalogue, record) for _, _, record in rows], dtype=np.float64)
            decided = self._expected.deciders[catalogue.version].decide(
                [_subject(self.truth.accepted[key]) for key, _, _ in rows],
                matrix.reshape(len(rows), len(catalogue.names)),
                lambda: 0,
            )
            decisions |= {(key, number): each for (key, number, _), each in zip(rows, decided, strict=True)}
        return decisions

    def _wrong_fields(self, key: TransactionKey, number: int) -> Iterator[Finding]:
        copy = self.copies[key][number]
        catalogue = self._expected.catalogue_of(copy.content.get("catalogue_version"))
        expected = self._record(key, number, catalogue)
        copies = len(self.copies[key])
        which = f" (record {number + 1} of {copies})" if copies > 1 else ""
        for each in differences(copy.content, expected):
            text = f"{key}{which}: {each.path} is {each.value}, expected {each.expected}"
            yield Finding("wrong", key, text)
        features = copy.content.get("features")
        names = list(features) if isinstance(features, dict) else []
        if set(names) == set(catalogue.names) and names != list(catalogue.names):
            yield Finding("wrong", key, f"{key}: the features are not in the catalogue's order")

    def _record(self, key: TransactionKey, number: int, catalogue: Catalogue) -> dict[str, Any]:
        """Return the expected record."""
        accepted, copy = self.truth.accepted[key], self.copies[key][number]
        decision = self._decisions[key, number]
        expected = self._head(accepted, "new") | {
            "scored_at": self._between(accepted.arrival.arrival_ms, copy.arrival_ms),
            "score": decision.score,
            "catalogue_version": catalogue.version,
            "ordinals": self._ordinals(key, number, catalogue),
            "features": self._features_of(key, catalogue, is_exact=self._is_last(key, number)),
        }
        if out_of_reach := self._out_of_reach_of(key, number, catalogue):
            expected[OUT_OF_REACH] = out_of_reach
        if decision.overflowing:
            expected["overflowing_features"] = list(decision.overflowing)
        return expected

    def _head(self, accepted: AcceptedTransaction, outcome: str) -> dict[str, Any]:
        return {
            "transaction_id": accepted.transaction.transaction_id,
            "account_id": accepted.transaction.account_id,
            "event_time": format_time(accepted.transaction.event_time_ms),
            "arrival_time": format_time(accepted.arrival.arrival_ms),
            "outcome": outcome,
            "model_version": self._expected.judge.model_version,
        }

    def _between(self, earliest_ms: int, latest_ms: int) -> Between:
        skew_ms = self._evidence.skew_ms
        return Between(earliest_ms - skew_ms, latest_ms + skew_ms)

    def _ordinals(self, key: TransactionKey, number: int, catalogue: Catalogue) -> dict[str, Any]:
        accepted = self.truth.accepted[key]
        expected: dict[str, Any] = {"account_id": accepted.evaluated.ordinals["account_id"]}
        for entity in catalogue.entities:
            if entity in SHARED and getattr(accepted.transaction, entity) is not None:
                is_exact = self._is_last(key, number)
                expected[entity] = self._places[entity, key] if is_exact else Number()
        return expected

    def _out_of_reach_of(self, key: TransactionKey, number: int, catalogue: Catalogue) -> list[str]:
        if self._is_last(key, number):
            return [entity for entity in self._out_of_reach[key] if entity in catalogue.entities]
        said: list[str] = self.copies[key][number].content.get(OUT_OF_REACH, [])
        return said

    def _features_of(self, key: TransactionKey, catalogue: Catalogue, *, is_exact: bool) -> dict[str, Any]:
        behind, own = catalogue.entities_behind, frozenset({"account_id"})
        expected = self._features[key]
        return {
            name: expected[name] if is_exact or behind[name] <= own else Number(or_null=True)
            for name in catalogue.names
        }

    def _is_last(self, key: TransactionKey, number: int) -> bool:
        """Whether a record is the last of its transaction; others came from a job that was killed.

        Some of the records before those may never have been written, so the order in which the killed job saw
        the transactions of a shared entity is not known, not even from the ordinals.
        """
        return number == len(self.copies[key]) - 1

    # ---- shared entities ----

    def _order_of(self, entity: Entity) -> dict[str, list[TransactionKey]]:
        """Return the order in which each id of an entity saw its transactions.

        Those without a valid ordinal of their own get the places that are left, in the order of the stream.
        """
        by_id: defaultdict[str, list[TransactionKey]] = defaultdict(list)
        for key, accepted in self.truth.accepted.items():
            if (id_ := getattr(accepted.transaction, entity)) is not None and self._counts(key, entity):
                by_id[id_].append(key)
        return {id_: self._by_ordinal(entity, keys) for id_, keys in by_id.items()}

    def _counts(self, key: TransactionKey, entity: Entity) -> bool:
        """Whether the job that scored a transaction last had windows of the entity."""
        version = self.copies[key][-1].content.get("catalogue_version") if key in self.copies else None
        return entity in self._expected.catalogue_of(version).entities

    def _by_ordinal(self, entity: Entity, keys: Sequence[TransactionKey]) -> list[TransactionKey]:
        places: dict[int, TransactionKey] = {}
        left = []
        for key in keys:
            ordinal = self._recorded_ordinal(entity, key)
            if ordinal is not None and 1 <= ordinal <= len(keys) and ordinal not in places:
                places[ordinal] = key
            else:
                left.append(key)
        free = iter([place for place in range(1, len(keys) + 1) if place not in places])
        places |= {next(free): key for key in left}
        return [places[place] for place in range(1, len(keys) + 1)]

    def _recorded_ordinal(self, entity: Entity, key: TransactionKey) -> int | None:
        ordinals = self.copies[key][-1].content.get("ordinals") if key in self.copies else None
        ordinal = ordinals.get(entity) if isinstance(ordinals, dict) else None
        return ordinal if isinstance(ordinal, int) and not isinstance(ordinal, bool) else None

    def _orders_that_cannot_be(self) -> Iterator[Finding]:
        """Yield the transactions that a shared entity saw before an earlier one that came the same way.

        An event passes the steps of its entities in their order. Two of an account keep theirs as long as
        they have the same ids; another id may be another task.
        """
        positions = {key: number for number, key in enumerate(self.truth.accepted)}
        for entity, orders in self._orders.items():
            for id_, order in orders.items():
                by_way: defaultdict[tuple[str | None, ...], list[TransactionKey]] = defaultdict(list)
                for key in order:
                    by_way[self._way_to(entity, key)].append(key)
                together = [keys for way, keys in by_way.items() if None not in way]
                for one, other in (pair for keys in together for pair in pairwise(keys)):
                    if positions[one] > positions[other]:
                        text = f"{entity} {id_} saw {one} before {other}, against the order of their account"
                        yield Finding("wrong", one, text)

    def _way_to(self, entity: Entity, key: TransactionKey) -> tuple[str | None, ...]:
        transaction = self.truth.accepted[key].transaction
        steps = [each for each in ENTITIES if each in {"account_id", *self._expected.widest.entities}]
        return tuple(getattr(transaction, each) for each in steps[: steps.index(entity)])

    def _expected_features(self) -> dict[TransactionKey, Features]:
        found: dict[TransactionKey, Features] = {
            key: dict(accepted.evaluated.features) for key, accepted in self.truth.accepted.items()
        }
        for entity, orders in self._orders.items():
            order = [self.truth.accepted[key].transaction for keys in orders.values() for key in keys]
            part = part_of(entity, self._expected.widest)
            for each in evaluate(part, order, allowed_lateness_ms=LATENESS_MS) if part.windows else ():
                if entity in each.out_of_reach:
                    self._out_of_reach[each.transaction.key].append(entity)
                found[each.transaction.key] |= {
                    name: each.features.get(name)
                    for name in part.names
                    if name not in found[each.transaction.key]
                }
        return {key: self._completed(key, features) for key, features in found.items()}

    def _completed(self, key: TransactionKey, features: Features) -> Features:
        """Add the features that need windows of several entities, or of one that the transaction lacks."""
        complete: Features = {}
        for feature in self._expected.widest.features:
            if feature.name in features:
                complete[feature.name] = features[feature.name]
            elif isinstance(feature, WindowFeature):
                complete[feature.name] = None
            else:
                transaction = self.truth.accepted[key].transaction
                complete[feature.name] = transaction_value(feature, transaction, complete)
        return complete

    # ---- others ----

    def _duplicates(self) -> Iterator[Finding]:
        records = _by_transaction(
            each for each in self._evidence.scored if each.content.get("outcome") == "duplicate"
        )
        for key in self.truth.duplicates.keys() | records.keys():
            arrivals = self.truth.duplicates.get(key, ())
            if not arrivals:
                yield Finding("wrong", key, f"{key} was taken for a duplicate")
                continue
            wanted = Counter(format_time(each.arrival_ms) for each in arrivals)
            found = Counter(str(each.content.get("arrival_time")) for each in records.get(key, ()))
            for time, count in (wanted - found).items():
                yield Finding(
                    "lost", key, f"{key} arrived again at {time}, but {count} copies were not recognised"
                )
            for time, count in (found - wanted).items():
                if not (self._evidence.may_repeat and time in wanted):
                    yield Finding("wrong", key, f"{key} has {count} duplicates too many of {time}")
            for record in records.get(key, ()):
                yield from self._wrong_duplicate(key, record)

    def _wrong_duplicate(self, key: TransactionKey, record: WrittenRecord) -> Iterator[Finding]:
        expected = self._head(self.truth.accepted[key], "duplicate") | {
            "arrival_time": record.content.get("arrival_time"),
            "catalogue_version": OneOf(tuple(self._expected.deciders)),
            **dict.fromkeys(("scored_at", "score", "ordinals", "features")),
        }
        for each in differences(record.content, expected):
            yield Finding(
                "wrong", key, f"duplicate {key}: {each.path} is {each.value}, expected {each.expected}"
            )

    def _other_outcomes(self) -> Iterator[Finding]:
        for record in self._evidence.scored:
            if record.content.get("outcome") not in {"new", "duplicate"}:
                key = TransactionKey.of(record.content)
                yield Finding("wrong", key, f"{key}: outcome is {record.content.get('outcome')}")

    def _older_catalogues(self) -> Iterator[Finding]:
        """Yield the transactions that an older job scored after a newer one: its state would be forked."""
        versions = [catalogue.version for catalogue in self._expected.catalogues]
        newest: dict[str, int] = {}
        for key in self.truth.accepted:
            version = self.copies[key][-1].content.get("catalogue_version") if key in self.copies else None
            if version in versions:
                number = versions.index(version)
                if number < newest.setdefault(key.account_id, number):
                    yield Finding(
                        "wrong", key, f"{key}: catalogue_version is older than that of earlier ones"
                    )
                newest[key.account_id] = max(number, newest[key.account_id])


def _by_transaction(records: Iterable[WrittenRecord]) -> ByTransaction:
    found: defaultdict[TransactionKey, list[WrittenRecord]] = defaultdict(list)
    for record in records:
        found[TransactionKey.of(record.content)].append(record)
    return found


def _vector(catalogue: Catalogue, record: Mapping[str, Any]) -> list[float]:
    """Return the features as the model's input, NaN for null; in a drill each feature is one number."""
    features = record.get("features")
    values = features if isinstance(features, dict) else {}
    found = [values.get(name) for name in catalogue.names]
    return [value if isinstance(value, int | float) else float("nan") for value in found]


def _subject(accepted: AcceptedTransaction) -> Subject:
    return Subject(
        transaction_id=accepted.transaction.transaction_id,
        account_id=accepted.transaction.account_id,
        event_time_ms=accepted.transaction.event_time_ms,
        arrival_ms=accepted.arrival.arrival_ms,
        transaction_amount_vnd=accepted.transaction.transaction_amount_vnd,
    )
