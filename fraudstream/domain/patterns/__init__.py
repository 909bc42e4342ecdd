"""Registry of fraud patterns. To add one, add a module to this package and its name to `FRAUD_TYPES`.

The module has the name of the fraud type and defines ``PATTERN``, a `FraudPattern`: the signs by which an
alert names the type, its weight in simulated traffic, and the campaigns that the simulator generates.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator

if TYPE_CHECKING:
    from fraudstream.domain.patterns.fraud_pattern import FraudPattern

FRAUD_TYPES: Final[tuple[str, ...]] = (
    "money_laundering",
    "account_takeover",
    "loan_fraud",
    "fee_manipulation",
)
"""Simulated data and metrics number the types in this order: append, never reorder."""


def _known(name: str) -> str:
    if name not in FRAUD_TYPES:
        msg = f"unknown fraud type {name!r}; use one of {', '.join(FRAUD_TYPES)}"
        raise ValueError(msg)
    return name


FraudType = Annotated[str, AfterValidator(_known)]
"""One of `FRAUD_TYPES`; pydantic models reject any other value."""


@cache
def fraud_patterns() -> "tuple[FraudPattern, ...]":
    """Return the patterns in the order of `FRAUD_TYPES`; the first call imports their modules and numpy.

    Raises ``ValueError`` if a module defines the pattern of another fraud type.
    """
    return tuple(_pattern_of(name) for name in FRAUD_TYPES)


def _pattern_of(name: str) -> "FraudPattern":
    module = import_module(f"{__name__}.{name}")
    pattern: FraudPattern = module.PATTERN
    if pattern.fraud_type != name:
        msg = f"{module.__name__} has the pattern of {pattern.fraud_type!r}; set its fraud_type to {name!r}"
        raise ValueError(msg)
    return pattern
