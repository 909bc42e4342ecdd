"""Command-line options that choose the simulated traffic by name: edge cases and types of fraud."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, Final

import typer

from fraudstream.domain.patterns import FRAUD_TYPES, FraudType

EDGE_CASES: Final[Mapping[str, str]] = {
    "failed": "declined_share",
    "international": "international_share",
    "high-value": "high_value_share",
    "foreign-currency": "foreign_currency_share",
    "extreme": "extreme_share",
    "missing": "missing_share",
    "late": "late_share",
    "duplicate": "doubled_share",
}
"""Fields of `TrafficOptions` by the name of the edge case; 0 is the default of each."""
FRAUD_NAMES: Final[Mapping[str, FraudType]] = {
    "velocity": "fee_manipulation",
    "location": "account_takeover",
    "unusual-amount": "money_laundering",
    **{name: name for name in FRAUD_TYPES},
}
"""Fraud types by their own names and by the sign that a viewer looks for: many transactions in five minutes,
another city than usual, an amount far above the account's own."""

EdgeCasesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--edge-case",
        metavar="NAME=SHARE",
        help=f"Add an edge case, like failed=0.02; may be repeated. Names: {', '.join(EDGE_CASES)}",
    ),
]
FraudTypesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fraud-type",
        metavar="NAME=WEIGHT",
        help="Make only these types of fraud, by weight, like velocity=2; may be repeated. Names: "
        f"{', '.join(FRAUD_NAMES)}",
    ),
]
CHOICES: Final = ("edge_case", "fraud_type")
"""Parameter names of both options."""


def traffic_choices(edge_cases: Sequence[str] | None, fraud_types: Sequence[str] | None) -> dict[str, Any]:
    """Return the fields of `TrafficOptions` that these options set; none of them without options.

    Weights are relative to each other. Raises ``ValueError`` with the option, the value and the fix.
    """
    fields: dict[str, Any] = {}
    for text in edge_cases or ():
        name, share = _parsed("--edge-case", text, EDGE_CASES)
        if share > 1:
            msg = f"--edge-case {text}: give a share from 0 to 1"
            raise ValueError(msg)
        if EDGE_CASES[name] in fields:
            msg = f"--edge-case {text}: {name} is given twice; give it once"
            raise ValueError(msg)
        fields[EDGE_CASES[name]] = share
    if fraud_types:
        fields["fraud_mix"] = _mix(fraud_types)
    return fields


def _mix(fraud_types: Sequence[str]) -> dict[FraudType, float]:
    weights = dict.fromkeys(FRAUD_NAMES.values(), 0.0)
    for text in fraud_types:
        name, weight = _parsed("--fraud-type", text, FRAUD_NAMES)
        weights[FRAUD_NAMES[name]] += weight
    total = sum(weights.values())
    if not total:
        msg = f"--fraud-type {fraud_types[0]}: all weights are 0; give one above 0"
        raise ValueError(msg)
    return {name: weight / total for name, weight in weights.items()}


def _parsed(option: str, text: str, names: Mapping[str, str]) -> tuple[str, float]:
    name, _, number = text.partition("=")
    if name not in names:
        example = f"{next(iter(names))}=0.1"
        msg = f"{option} {text}: unknown name {name!r}; use one of {', '.join(names)}, like {example}"
        raise ValueError(msg)
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not (isfinite(value) and value >= 0):
        msg = f"{option} {text}: {number!r} is not a number of 0 or more; write {name}=0.1"
        raise ValueError(msg)
    return name, value
