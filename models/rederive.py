"""Alerts rebuilt from stored records of scored transactions, with only the model's folder."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import numpy as np
import orjson

from fraudstream.domain.alert import Alert
from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from fraudstream.domain.transaction import parse_time_ms
from fraudstream.scoring.decider import Decider
from fraudstream.scoring.decisions import Decision, Subject
from fraudstream.scoring.judge import Judge
from fraudstream.scoring.manifest import ModelError

RECORDS_AT_ONCE: Final = 1_000
_FIELDS: Final = (
    "transaction_id",
    "account_id",
    "event_time",
    "arrival_time",
    "score",
    "model_version",
    "catalogue_version",
    "features",
)
"""Fields that are read from a record of a scored transaction."""
_OVERFLOWING: Final = "overflowing_features"
"""A further field, which most records do not have."""


def rederive(
    records: Iterable[bytes], decider: Decider, catalogue: Catalogue, scored_at_ms: int
) -> Iterator[Alert]:
    """Yield the alerts of records of scored transactions; only ``scored_at`` differs from the originals.

    ``records`` are JSON objects of the stream ``Scored`` or the file ``--scores-out``. Records of duplicate
    transactions, and records with a score below the decider's threshold, have no alert. Raises `ModelError`
    for a record that was made by another model or catalogue, or whose score comes out differently.
    """
    amount = _amount_feature(catalogue)
    parsed = (record for record in map(_parsed, records) if record["score"] is not None)
    while part := list(islice(parsed, RECORDS_AT_ONCE)):
        for record in part:
            _check_versions(record, decider.judge)
        vectors = np.array([_vector(record, catalogue) for record in part], dtype=np.float64)
        subjects = [_subject(record, amount) for record in part]
        decisions = decider.decide(subjects, vectors, lambda: scored_at_ms)
        for record, decision in zip(part, decisions, strict=True):
            _check_decision(record, decision)
        yield from decisions.alerts.values()


def _vector(record: Mapping[str, Any], catalogue: Catalogue) -> list[float | None]:
    """Return the vector of a record, with infinity for the nulls of a feature that overflowed.

    JSON has no infinity, and the alert names what is too large for the model.
    """
    vector = vector_of(record["features"], catalogue)
    for name in record.get(_OVERFLOWING, ()):
        place = catalogue.slices[name]
        vector[place] = [math.inf if value is None else value for value in vector[place]]
    return vector


def vector_of(features: Mapping[str, Any], catalogue: Catalogue) -> list[float | None]:
    """Return the feature vector of a record; raises `ModelError` if a feature is missing."""
    vector: list[float | None] = []
    for feature in catalogue.features:
        if feature.name not in features:
            msg = f"the record has no feature {feature.name!r}; give the catalogue that it was scored with"
            raise ModelError(msg)
        value = features[feature.name]
        vector += [value] if feature.width == 1 else _padded(value or [], feature.width // 3)
    return vector


def _parsed(line: bytes) -> dict[str, Any]:
    record: dict[str, Any] = orjson.loads(line)
    missing = [field for field in _FIELDS if field not in record]
    if missing:
        msg = (
            f"a record has no field {missing[0]!r}; give records of the stream Scored, one JSON object per "
            "line"
        )
        raise ModelError(msg)
    return record


def _padded(triples: list[list[float | None]], n: int) -> list[float | None]:
    """Return the places of a ``last_n``: n amounts, n gaps, n values."""
    filled = triples + [[None, None, None]] * (n - len(triples))
    return [number for column in zip(*filled, strict=True) for number in column]


def _amount_feature(catalogue: Catalogue) -> str:
    """Return the name of the feature that is the amount, which a record holds only as a feature."""
    for feature in catalogue.features:
        is_value = isinstance(feature, TransactionFeature) and feature.statistic == "value"
        if is_value and feature.column == "transaction_amount_vnd":
            return feature.name
    msg = "the catalogue has no feature with the value of transaction_amount_vnd, which alerts need; add it"
    raise ModelError(msg)


def _subject(record: Mapping[str, Any], amount: str) -> Subject:
    arrival = record["arrival_time"]
    return Subject(
        transaction_id=record["transaction_id"],
        account_id=record["account_id"],
        event_time_ms=parse_time_ms(record["event_time"]),
        arrival_ms=None if arrival is None else parse_time_ms(arrival),
        transaction_amount_vnd=float(record["features"][amount]),
    )


def _check_versions(record: Mapping[str, Any], judge: Judge) -> None:
    for field in ("model_version", "catalogue_version"):
        expected = getattr(judge, field)
        if record[field] != expected:
            msg = (
                f"transaction {record['transaction_id']!r}: {field} is {record[field]!r}, not {expected!r}; "
                "give the model and the catalogue that it was scored with"
            )
            raise ModelError(msg)


def _check_decision(record: Mapping[str, Any], decision: Decision) -> None:
    if decision.error is not None:
        msg = f"transaction {record['transaction_id']!r}: {decision.error}"
        raise ModelError(msg)
    if record["score"] != decision.score:
        msg = (
            f"transaction {record['transaction_id']!r}: the score was {record['score']}, but is now "
            f"{decision.score}; use the unchanged folder of the model and its library versions (see the "
            "manifest)"
        )
        raise ModelError(msg)
