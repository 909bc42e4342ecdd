"""What a correct job makes of the records of the transaction stream, by the Python reference alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from drills.arrivals import Arrival
from drills.evidence import LATENESS_MS
from drills.expected_refusals import Salvaged, detail, salvaged
from drills.field_comparison import Matching
from drills.reference_comparison import part_of
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.reference import Evaluated, evaluate
from fraudstream.domain.transaction import Transaction, TransactionKey


class ExpectedRefusal(NamedTuple):
    """A record that the job must refuse, with a dead letter and, if its ids are known, a review alert."""

    arrival: Arrival
    reason: str
    detail: str | Matching
    salvaged: Salvaged


class AcceptedTransaction(NamedTuple):
    """A transaction that the job must score, with what its account alone determines."""

    transaction: Transaction
    arrival: Arrival
    evaluated: Evaluated
    """Features and ordinals of the account only."""


@dataclass(frozen=True)
class Truth:
    """Outcomes of all arrivals, in the order of the stream."""

    arrivals: Sequence[Arrival]
    catalogue: Catalogue
    """The catalogue with all features."""

    @cached_property
    def accepted(self) -> Mapping[TransactionKey, AcceptedTransaction]:
        """The transactions with the outcome ``new``; those of an account are in order."""
        return {
            each.transaction.key: AcceptedTransaction(each.transaction, arrival, each)
            for arrival, each in self._evaluated
            if each.outcome == "new"
        }

    @cached_property
    def duplicates(self) -> Mapping[TransactionKey, Sequence[Arrival]]:
        """The copies of each transaction."""
        found: defaultdict[TransactionKey, list[Arrival]] = defaultdict(list)
        for arrival, each in self._evaluated:
            if each.outcome == "duplicate":
                found[each.transaction.key].append(arrival)
        return found

    @cached_property
    def refusals(self) -> Sequence[ExpectedRefusal]:
        """The refused records: broken, late or in conflict with an earlier one."""
        by_load = [_broken(each) for each in self.arrivals if each.item.reason is not None]
        by_account = [
            _by_account(arrival, each)
            for arrival, each in self._evaluated
            if each.outcome not in {"new", "duplicate"}
        ]
        return [*by_load, *by_account]

    @cached_property
    def _evaluated(self) -> Sequence[tuple[Arrival, Evaluated]]:
        sound = [each for each in self.arrivals if each.item.transaction is not None]
        transactions = [each.item.transaction for each in sound if each.item.transaction is not None]
        results = evaluate(
            part_of("account_id", self.catalogue), transactions, allowed_lateness_ms=LATENESS_MS
        )
        return list(zip(sound, results, strict=True))


def _broken(arrival: Arrival) -> ExpectedRefusal:
    data, reason = arrival.item.record.data, arrival.item.reason or ""
    return ExpectedRefusal(arrival, reason, detail(data, reason, arrival.arrival_ms), salvaged(data))


def _by_account(arrival: Arrival, evaluated: Evaluated) -> ExpectedRefusal:
    transaction, reason = evaluated.transaction, evaluated.outcome
    known = Salvaged(
        transaction.transaction_id,
        transaction.account_id,
        transaction.event_time_ms,
        transaction.transaction_amount_vnd,
    )
    text = detail(arrival.item.record.data, reason, arrival.arrival_ms)
    return ExpectedRefusal(arrival, reason, text, known)
