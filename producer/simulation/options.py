"""Options of the simulated traffic, and their validation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import isclose
from typing import Final

from fraudstream.domain.duration import DAY_MS
from fraudstream.domain.patterns import FRAUD_TYPES, FraudType, fraud_patterns

_ALL_WEIGHTS: Final = sum(pattern.default_weight for pattern in fraud_patterns())
DEFAULT_FRAUD_MIX: Final[Mapping[FraudType, float]] = {
    pattern.fraud_type: pattern.default_weight / _ALL_WEIGHTS for pattern in fraud_patterns()
}
LATEST_START_MS: Final = 4_102_444_800_000
"""2100-01-01, in UTC."""
MAX_LATENESS: Final = timedelta(hours=24)

_SHARES: Final = (
    "subtle_share",
    "declined_share",
    "international_share",
    "foreign_currency_share",
    "extreme_share",
    "high_value_share",
    "missing_share",
    "late_share",
    "doubled_share",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficOptions:
    """Options of the traffic; raises ``ValueError`` with field, value and fix if they are invalid."""

    seed: int = 7
    accounts: int = 2_000
    """Accounts open at any one time; those that close are replaced by new ones."""
    fraud_share: float = 0.05
    """Share of fraud among the transactions, over a long stream.

    Holds up to about 0.7 (0.4 if all of it is loan fraud). Beyond that, the honest transactions that loan
    fraud begins with are more than the rest leaves room for, and the share comes out lower.
    """
    fraud_mix: Mapping[FraudType, float] = field(default_factory=lambda: dict(DEFAULT_FRAUD_MIX))
    """Share of each fraud type among the fraudulent transactions; the sum is 1, a type left out has none."""
    subtle_share: float = 0.15
    """Share of campaigns that stay below one of the thresholds by which their fraud type is recognised."""
    transactions_per_account_per_day: float = 5.0
    """Mean over all accounts and the days of a year, fraud included."""
    start_ms: int
    """Start of simulated event time: no transaction is earlier."""
    label_delay: timedelta = timedelta(days=7)
    """Time from a transaction's event time until its label is known."""
    declined_share: float = 0.0
    """Share of transactions that are declined whatever the balance, besides those that it can't cover."""
    international_share: float = 0.0
    """Share of honest purchases that are made abroad, besides the few that always are."""
    foreign_currency_share: float = 0.0
    """Share of transactions in a foreign currency; their amount is still in VND."""
    extreme_share: float = 0.0
    """Share of honest payments of 1,000 VND, or of 10 billion to 1e12 VND."""
    high_value_share: float = 0.0
    """Share of honest visits, besides the few that always are, that pay 100 to 800 million VND for a house or
    for tuition, for which the money comes in before; so there are two transactions for each."""
    missing_share: float = 0.0
    """Share of each optional field that is absent, independently of the others."""
    late_share: float = 0.0
    """Share of transactions that are output late, by up to ``latest``."""
    latest: timedelta = timedelta(hours=6)
    """Longest delay of a late transaction in event time; at most 24 hours."""
    doubled_share: float = 0.0
    """Share of transactions that are output a second time, within 10 minutes of event time."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for invalid options."""
        rate = self.transactions_per_account_per_day
        _check("seed", self.seed, self.seed >= 0, "give a whole number, 0 or more")
        _check("accounts", self.accounts, self.accounts >= 1, "give at least 1")
        _check("fraud_share", self.fraud_share, 0 <= self.fraud_share < 1, "give at least 0 and less than 1")
        _check("fraud_mix", self.fraud_mix, _is_mix(self.fraud_mix), _MIX_REMEDY)
        _check("transactions_per_account_per_day", rate, 0 < rate <= DAY_MS, _RATE_REMEDY)
        _check("start_ms", self.start_ms, 0 <= self.start_ms < LATEST_START_MS, _START_REMEDY)
        _check("label_delay", self.label_delay, self.label_delay >= timedelta(0), "give 0 or more")
        _check("latest", self.latest, timedelta(0) < self.latest <= MAX_LATENESS, _LATEST_REMEDY)
        for name in _SHARES:
            share = getattr(self, name)
            _check(name, share, 0 <= share <= 1, "give 0 to 1")


_RATE_REMEDY: Final = f"give more than 0, and at most one per millisecond ({DAY_MS})"
_START_REMEDY: Final = "give epoch milliseconds from 1970 to 2099"
_LATEST_REMEDY: Final = "give more than 0 and at most 24 hours"
_MIX_REMEDY: Final = f"give shares that sum to 1, for any of {', '.join(FRAUD_TYPES)}"


def _is_mix(mix: Mapping[FraudType, float]) -> bool:
    shares = mix.values()
    return set(mix) <= set(FRAUD_TYPES) and all(share >= 0 for share in shares) and isclose(sum(shares), 1)


def _check(name: str, value: object, holds: bool, remedy: str) -> None:  # noqa: FBT001 - the condition itself
    if not holds:
        msg = f"{name}={value!r}: {remedy}"
        raise ValueError(msg)
