"""Feature specs in the JSON form of a catalogue."""

import json
from typing import Any

from fraudstream.domain.catalogue import Catalogue

Spec = dict[str, Any]

FLAG: Spec = {"name": "flag", "entity": "transaction", "statistic": "weekend"}


def window(**changes: Any) -> Spec:  # noqa: ANN401 - any JSON
    """Return the spec of a window feature named f; a change to None removes the key."""
    spec = {"name": "f", "entity": "account_id", "statistic": "count", "window": "5m"} | changes
    return {key: value for key, value in spec.items() if value is not None}


def row(statistic: str, **operands: Any) -> Spec:  # noqa: ANN401 - any JSON
    """Return the spec of a feature of the transaction itself, named f unless ``name`` is given."""
    return {"name": "f", "entity": "transaction", "statistic": statistic} | operands


def catalogue(*specs: Spec) -> Catalogue:
    """Parse the specs as a catalogue file."""
    return Catalogue.from_json(json.dumps({"features": specs}))
