"""JSON schemas of the records of transactions and labels, from the definitions of the domain."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.record_gate import LABEL_KINDS, MAX_TEXT_UNITS, REQUIRED, REQUIRED_OF_LABELS
from fraudstream.domain.transaction import COLUMN_KINDS, ColumnKind

_TYPES: Final[Mapping[ColumnKind, dict[str, Any]]] = {
    "text": {"type": "string", "maxLength": MAX_TEXT_UNITS},
    "time": {"type": "string", "format": "date-time"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
}


def transaction_schema(example: Mapping[str, Any], generated: Sequence[str] = ()) -> dict[str, Any]:
    """Return the schema of a transaction; the fields in ``generated`` may be left out."""
    required = [name for name in REQUIRED if name not in generated]
    return _record(COLUMN_KINDS, required, example)


def label_schema(example: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a label."""
    return _record(LABEL_KINDS, REQUIRED_OF_LABELS, example)


def _record(
    kinds: Mapping[str, ColumnKind], required: Sequence[str], example: Mapping[str, Any]
) -> dict[str, Any]:
    properties = {name: _property(name, kind, is_required=name in required) for name, kind in kinds.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": True,
        "example": dict(example),
    }


def _property(name: str, kind: ColumnKind, *, is_required: bool) -> dict[str, Any]:
    """Return the schema of a field; null stands for a field that is not known."""
    described = dict(_TYPES[kind])
    if is_required:
        if kind == "text":
            described["minLength"] = 1
    else:
        described["type"] = [described["type"], "null"]
    allowed = NUMBER_RANGES.get(name)
    if allowed is not None:
        described["exclusiveMinimum" if allowed.excludes_min else "minimum"] = allowed.minimum
        described["maximum"] = allowed.maximum
    return described
