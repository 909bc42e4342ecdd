"""Likely fraud type of an alert, judged by the signs of each fraud pattern."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fraudstream.domain.patterns import FraudType, fraud_patterns

if TYPE_CHECKING:
    from fraudstream.domain.patterns.fraud_pattern import FraudPattern


def likely_fraud_type(features: Mapping[str, float | None]) -> FraudType | None:
    """Return the fraud type with the largest share of signs that hold; None if no sign of any type holds.

    A sign whose feature is missing does not hold. Ties go to the type with the highest specificity.
    `python -m models types` measures how often the type is right.
    """
    best = max(fraud_patterns(), key=lambda pattern: (_share(pattern, features), pattern.specificity))
    return best.fraud_type if _share(best, features) > 0 else None


def suspected_fraud_type(features: Mapping[str, float | None]) -> FraudType | None:
    """Return the fraud type of which every sign holds, the most specific one of several; else None.

    For senders that have neither labels nor a model. Campaigns that lack a sign are not suspected, nor the
    first transactions of a rapid one.
    """
    found = [pattern for pattern in fraud_patterns() if _share(pattern, features) == 1]
    return max(found, key=lambda pattern: pattern.specificity).fraud_type if found else None


def _share(pattern: "FraudPattern", features: Mapping[str, float | None]) -> float:
    values = ((features.get(name), sign) for name, sign in pattern.signs.items())
    return sum(value is not None and sign(value) for value, sign in values) / len(pattern.signs)
