"""Endless bank traffic with its truth: seeded, in event-time order, in constant memory.

Everything that will happen lies on a heap: the next visit of each account, the next campaign of
each fraud pattern, and the planned transactions of bursts and campaigns. The earliest comes next.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from heapq import heappop, heappush
from math import isclose
from random import Random
from typing import Final, NamedTuple

from fraudstream.duration import DAY_MS
from fraudstream.transaction import FraudType, Label, Transaction
from producer.bank import FIRST_TRANSACTIONS, Account, Bank
from producer.bursts import MEAN_TRANSACTIONS_PER_VISIT, burst, is_burst
from producer.everyday import everyday_transaction
from producer.patterns import PATTERNS
from producer.patterns.base import Pattern

DEFAULT_FRAUD_MIX: Final[Mapping[FraudType, float]] = {
    "money_laundering": 0.30,
    "account_takeover": 0.25,
    "loan_fraud": 0.25,
    "fee_manipulation": 0.20,
}
ACTIVITY_SIGMA: Final = 0.7
"""How unlike accounts are: the busiest 1 % make about 4 times the average number of transactions."""
LIFETIME_TRANSACTIONS: Final = 400
"""Transactions after which an account closes, on average; a new customer takes its place, so that
there are young accounts (about one transaction in eight) however long the stream runs."""
NEW_ACCOUNT_TRANSACTIONS: Final = 40
"""An account below this many is taken for a pattern that wants a new one: it stays under 50 to the end."""
NEW_ACCOUNT_TRIES: Final = 60
"""Accounts looked at for a new one, before a customer is made to leave for one to be opened."""
START_JITTER: Final = (0.5, 1.5)
"""Gaps between campaigns, in their mean: even enough for the share to hold over a few days."""
LATEST_START_MS: Final = 4_102_444_800_000
"""2100-01-01, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficOptions:
    """What traffic to make; raises ``ValueError`` with field, value and remedy if it can't be made."""

    seed: int = 7
    accounts: int = 2_000
    """Accounts that are open at any one time; those that close are replaced by new ones."""
    fraud_share: float = 0.05
    """Share of the transactions that are fraud, over a long stream."""
    fraud_mix: Mapping[FraudType, float] = field(default_factory=lambda: dict(DEFAULT_FRAUD_MIX))
    """Share of each class in the fraudulent transactions; the sum is 1, a class left out has none."""
    transactions_per_account_per_day: float = 5.0
    """Mean over all accounts and days, fraud included."""
    start_ms: int
    """Event time of the simulated beginning: no transaction lies before it."""
    label_delay: timedelta = timedelta(days=7)
    """From a transaction's event time until its truth is known."""

    def __post_init__(self) -> None:
        """Refuse what can't be made."""
        rate = self.transactions_per_account_per_day
        _check("seed", self.seed, self.seed >= 0, "give a whole number from 0 on")
        _check("accounts", self.accounts, self.accounts >= 1, "give at least 1")
        _check("fraud_share", self.fraud_share, 0 <= self.fraud_share < 1, "give at least 0 and less than 1")
        _check("fraud_mix", self.fraud_mix, _is_mix(self.fraud_mix), _MIX_REMEDY)
        _check("transactions_per_account_per_day", rate, 0 < rate <= DAY_MS, _RATE_REMEDY)
        _check("start_ms", self.start_ms, 0 <= self.start_ms < LATEST_START_MS, _START_REMEDY)
        _check("label_delay", self.label_delay, self.label_delay >= timedelta(0), "give 0 or more")


_RATE_REMEDY: Final = f"give more than 0, and at most one a millisecond ({DAY_MS})"
_START_REMEDY: Final = "give epoch milliseconds from 1970 to 2099"
_MIX_REMEDY: Final = (
    f"give shares that sum to 1, for any of {', '.join(pattern.fraud_type for pattern in PATTERNS)}"
)


class LabelledTransaction(NamedTuple):
    """A transaction and what will become known about it."""

    transaction: Transaction
    label: Label


def generate(options: TrafficOptions) -> Iterator[LabelledTransaction]:
    """Return endless traffic in event-time order; the same options give the same stream, byte for byte."""
    return _Traffic(options).run()


def simulated_span_ms(options: TrafficOptions, count: int) -> int:
    """Return how much event time ``count`` transactions take on average.

    The rest after the whole days can take hours more or less, as it falls into the night or the day.
    """
    if count < 0:
        msg = f"count={count}: give 0 or more"
        raise ValueError(msg)
    return round(count * DAY_MS / (options.accounts * options.transactions_per_account_per_day))


def ending_at(options: TrafficOptions, count: int, end_ms: int) -> TrafficOptions:
    """Return the options with a beginning from which ``count`` transactions end at about ``end_ms``."""
    return dataclasses.replace(options, start_ms=end_ms - simulated_span_ms(options, count))


@dataclass(slots=True)
class _Slot:
    """A place among the bank's accounts: one customer after the other, all equally active."""

    visits_per_day: float
    account: Account


class _Planned(NamedTuple):
    """A transaction that waits for its turn."""

    account: Account
    transaction: Transaction
    fraud_type: FraudType | None


class _Traffic:
    """The state of a stream: who is there, what is pending, and the last number given."""

    def __init__(self, options: TrafficOptions) -> None:
        self._options = options
        self._rng = Random(options.seed)
        self._bank = Bank(self._rng, options.seed, options.accounts)
        self._label_delay_ms = options.label_delay // timedelta(milliseconds=1)
        self._pending: list[tuple[int, int, _Slot | Pattern | _Planned]] = []
        self._order = itertools.count()  # breaks ties, so that the heap never compares what is pending
        self._sent = 0
        self._slots = self._open_slots()
        for slot in self._slots:
            self._plan_visit(slot, options.start_ms)
        for pattern in PATTERNS:
            # A first gap between 0 and the mean: the stream begins amid its usual course.
            self._plan_campaign(pattern, options.start_ms, self._rng.random())

    def run(self) -> Iterator[LabelledTransaction]:
        """Take what is next, for ever."""
        while True:
            time_ms, _, event = heappop(self._pending)
            if isinstance(event, _Slot):
                transaction = self._visit(event, time_ms)
                if transaction is not None:
                    yield self._labelled(transaction, None)
            elif isinstance(event, _Planned):
                yield self._labelled(self._send_planned(event), event.fraud_type)
            else:
                self._start_campaign(event, time_ms)

    def _open_slots(self) -> list[_Slot]:
        accounts = self._options.accounts
        weights = [self._rng.lognormvariate(0, ACTIVITY_SIGMA) for _ in range(accounts)]
        # Divided by their own mean: a few accounts too make just the traffic that was asked for.
        honest_per_day = self._options.transactions_per_account_per_day * (1 - self._options.fraud_share)
        visits_per_weight = honest_per_day / MEAN_TRANSACTIONS_PER_VISIT * accounts / sum(weights)
        return [self._open_slot(weight * visits_per_weight) for weight in weights]

    def _open_slot(self, visits_per_day: float) -> _Slot:
        # Lifetimes have no memory: the customers of the first day have as much before them as new ones.
        past = int(self._rng.expovariate(1 / LIFETIME_TRANSACTIONS))
        return _Slot(visits_per_day, self._open_account(visits_per_day, self._options.start_ms, past))

    def _open_account(self, visits_per_day: float, time_ms: int, past_transactions: int) -> Account:
        lifetime_days = self._rng.expovariate(1 / LIFETIME_TRANSACTIONS) / visits_per_day
        return self._bank.open_account(
            self._rng,
            num_transactions=self._rng.randint(*FIRST_TRANSACTIONS) + past_transactions,
            closes_ms=time_ms + round(lifetime_days * DAY_MS),
        )

    def _plan(self, time_ms: int, event: _Slot | Pattern | _Planned) -> None:
        heappush(self._pending, (time_ms, next(self._order), event))

    def _plan_visit(self, slot: _Slot, time_ms: int) -> None:
        gap_days = self._rng.expovariate(slot.visits_per_day)
        self._plan(slot.account.rhythm.after(time_ms, gap_days), slot)

    def _plan_campaign(self, pattern: Pattern, time_ms: int, gap: float) -> None:
        """Plan the next start, ``gap`` of the pattern's mean gaps away; never if it has no share."""
        options = self._options
        share = options.fraud_share * options.fraud_mix.get(pattern.fraud_type, 0)
        if share > 0:
            transactions_per_day = share * options.accounts * options.transactions_per_account_per_day
            mean_gap_days = pattern.expected_transactions / transactions_per_day
            self._plan(pattern.rhythm.after(time_ms, gap * mean_gap_days), pattern)

    def _visit(self, slot: _Slot, time_ms: int) -> Transaction | None:
        """Return the transaction of a visit, or None if it plans a burst of them."""
        if time_ms >= slot.account.closes_ms:
            slot.account = self._open_account(slot.visits_per_day, time_ms, 0)
        account = slot.account
        self._plan_visit(slot, time_ms)
        if is_burst(self._rng):
            for planned in burst(self._rng, account, time_ms):
                self._plan(planned.event_time_ms, _Planned(account, planned, None))
            return None
        account.num_transactions += 1
        return everyday_transaction(self._rng, account, time_ms, self._next_id())

    def _start_campaign(self, pattern: Pattern, time_ms: int) -> None:
        account = (
            self._new_account(time_ms) if pattern.on_new_account else self._rng.choice(self._slots).account
        )
        campaign = pattern.campaign(self._rng, account, time_ms)
        for planned in campaign:
            self._plan(planned.event_time_ms, _Planned(account, planned, pattern.fraud_type))
        if pattern.on_new_account:
            account.closes_ms = min(account.closes_ms, campaign[-1].event_time_ms)
        self._plan_campaign(pattern, time_ms, self._rng.uniform(*START_JITTER))

    def _new_account(self, time_ms: int) -> Account:
        """Return an account with a short history, open at ``time_ms``; open one if none is found soon."""
        slot = self._rng.choice(self._slots)
        for _ in range(NEW_ACCOUNT_TRIES):
            if slot.account.num_transactions < NEW_ACCOUNT_TRANSACTIONS and slot.account.closes_ms > time_ms:
                return slot.account
            slot = self._rng.choice(self._slots)
        slot.account = self._open_account(slot.visits_per_day, time_ms, 0)
        return slot.account

    def _send_planned(self, planned: _Planned) -> Transaction:
        planned.account.num_transactions += 1
        return replace(
            planned.transaction,
            transaction_id=self._next_id(),
            num_transactions=planned.account.num_transactions,
        )

    def _next_id(self) -> str:
        self._sent += 1
        return f"T{self._options.seed}-{self._sent:010d}"

    def _labelled(self, transaction: Transaction, fraud_type: FraudType | None) -> LabelledTransaction:
        label = Label(
            transaction_id=transaction.transaction_id,
            account_id=transaction.account_id,
            event_time_ms=transaction.event_time_ms,
            available_at_ms=transaction.event_time_ms + self._label_delay_ms,
            is_fraud=fraud_type is not None,
            fraud_type=fraud_type,
            customer_id=transaction.customer_id,
            device_id=transaction.device_id,
            merchant_id=transaction.merchant_id,
            counterparty_id=transaction.counterparty_id,
        )
        return LabelledTransaction(transaction, label)


def _is_mix(mix: Mapping[FraudType, float]) -> bool:
    known = {pattern.fraud_type for pattern in PATTERNS}
    shares = mix.values()
    return set(mix) <= known and all(share >= 0 for share in shares) and isclose(sum(shares), 1)


def _check(name: str, value: object, holds: bool, remedy: str) -> None:  # noqa: FBT001 - the condition itself
    if not holds:
        msg = f"{name}={value!r}: {remedy}"
        raise ValueError(msg)
