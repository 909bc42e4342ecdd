"""Small evaluator of the IAM policies under deploy/iam: allow statements, wildcards, two condition operators.

An unknown operator or condition key is an error, so that a policy can't use one that nobody checks here.
"""

import fnmatch
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fraudstream.runtime.project_root import ROOT


@dataclass(frozen=True)
class AwsCall:
    """An authorised request: the action, its resource, and the partition keys of DynamoDB items."""

    action: str
    resource: str
    leading_keys: frozenset[str] = frozenset()


def load_policy(role: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a role's statements with the words in capitals replaced by ``names``."""
    text = (ROOT / "deploy" / "iam" / f"{role}.json").read_text()
    for word, name in names.items():
        text = text.replace(word, name)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def allows(statements: list[dict[str, Any]], call: AwsCall) -> bool:
    """Return whether any statement allows the call."""
    return any(_applies(statement, call) for statement in statements)


def _applies(statement: dict[str, Any], call: AwsCall) -> bool:
    return (
        _matches(statement["Action"], call.action)
        and _matches(statement["Resource"], call.resource)
        and all(
            _holds(operator, key, wanted, call)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _matches(patterns: str | list[str], value: str) -> bool:
    found = [patterns] if isinstance(patterns, str) else patterns
    # IAM knows * and ?, and no character classes.
    return any(fnmatch.fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in found)


def _holds(operator: str, key: str, wanted: str | list[str], call: AwsCall) -> bool:
    if key != "dynamodb:LeadingKeys":
        msg = f"the condition key {key} is not evaluated here"
        raise NotImplementedError(msg)
    if operator == "Null":
        return (not call.leading_keys) == (wanted == "true")
    if operator == "ForAllValues:StringLike":
        return all(_matches(wanted, value) for value in call.leading_keys)
    msg = f"the condition operator {operator} is not evaluated here"
    raise NotImplementedError(msg)
