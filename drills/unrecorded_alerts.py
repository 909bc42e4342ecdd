"""Alerts that a killed job wrote without the record of their score. Pure.

The detached sink of the scored stream is behind the alerts, so a kill can take the record of a score whose
alert is written. The order in which such a job saw the transactions of a device, a merchant or a counterparty
is not known, and with it what the alert says of these windows.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard, get_args

from drills.field_comparison import Matching, Number, OneOf
from fraudstream.domain.alert import Alert, risk_level
from fraudstream.domain.patterns import FRAUD_TYPES
from fraudstream.domain.wording.sentences import BaselineOf

SENTENCE = Matching(r"(?s).+")
NONE_IS_RIGHT = OneOf(())


def without_shared_windows(
    alert: Alert, content: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is expected in the fields of an alert that depend on features.

    ``alert`` is the one that the last job made of the same transaction, ``content`` the one that was written,
    ``known`` the features as far as the account alone determines them: values, or rules for the others.
    """
    threshold, score = alert.threshold or 0.0, content.get("score")
    is_typed = content.get("likely_fraud_type") is not None
    return {
        "score": Number(minimum=threshold, maximum=1.0),
        "risk_level": risk_level(float(score) if isinstance(score, int | float) else 1.0, threshold),
        "likely_fraud_type": OneOf(FRAUD_TYPES) if is_typed else None,
        "flags": _flags(content.get("flags"), known),
        "features": _features(content.get("features"), known),
        "reasons": _reasons(content.get("reasons"), known),
    }


def _flags(flags: object, known: Mapping[str, Any]) -> list[str]:
    """Return the known flags that are set, and of the others those that the alert has."""
    names = flags if isinstance(flags, list) else []
    return [
        name
        for name, value in known.items()
        if name.endswith("_flag") and (name in names if isinstance(value, Number) else value == 1)
    ]


def _features(features: object, known: Mapping[str, Any]) -> dict[str, Any]:
    names = features if isinstance(features, dict) and features else known
    return {name: known[name] for name in names if name in known}


def _reasons(reasons: object, known: Mapping[str, Any]) -> list[dict[str, Any]] | OneOf:
    names = [str(each.get("feature")) for each in reasons] if _are_objects(reasons) else []
    found = [
        {
            "feature": name,
            "value": known[name],
            "usual": Number(or_null=True),
            "usual_of": OneOf(get_args(BaselineOf)),
            "contribution": Number(minimum=0.0),
            "sentence_en": SENTENCE,
            "sentence_vi": SENTENCE,
        }
        for name in names
        if name in known
    ]
    return found or NONE_IS_RIGHT


def _are_objects(values: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(values, list) and all(isinstance(each, dict) for each in values)
