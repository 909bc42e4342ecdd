"""Alerts with their reasons: made in the stream, and made again later from what was stored of them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from fraudstream.domain.alert import Alert, Judge
from fraudstream.domain.alert_reasons import Reason, Reasoner
from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from fraudstream.domain.transaction import parse_time_ms
from fraudstream.scoring.manifest import Manifest, ModelError
from fraudstream.scoring.scorer import Scorer

Matrix = npt.NDArray[np.float64]
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
"""What is read of a record of a scored transaction."""
NOTHING_ADDED: Final = (
    "no feature by itself adds to the score, or the model has no trees, which alone can tell"
)


class Explanation(NamedTuple):
    """The reasons of an alert, or why there are none."""

    reasons: tuple[Reason, ...]
    missing: str | None = None


class Explainer:
    """Explains the scores of one model over one catalogue."""

    def __init__(self, scorer: Scorer, catalogue: Catalogue) -> None:
        self._scorer = scorer
        self._reasoner = Reasoner(
            catalogue, {feature.name: feature.usual for feature in scorer.manifest.features}
        )

    def explain(self, features: Matrix) -> list[Explanation]:
        """Return an explanation for each row of ``features``, shape (alerts, catalogue); never raises.

        A row's explanation does not depend on the others. An alert matters more than its reasons: where
        they can't be made, the explanation says why.
        """
        try:
            contributions = self._scorer.contributions(features).tolist()
        except Exception as error:  # noqa: BLE001 - whatever it is, the alerts go out
            return [Explanation((), f"the model's contributions failed: {error}")] * len(features)
        # Python's own numbers: numpy's cost ten times as much to look at one by one.
        return [self._explanation(*row) for row in zip(features.tolist(), contributions, strict=True)]

    def _explanation(self, vector: list[float], contributions: list[float]) -> Explanation:
        try:
            reasons = self._reasoner.reasons(vector, contributions)
            return Explanation(reasons, None if reasons else NOTHING_ADDED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the alert goes out
            return Explanation((), f"the reasons could not be worded: {error}")


class AlertMaker:
    """Makes the alert of a transaction from its facts, its vector, its score and its explanation."""

    def __init__(self, judge: Judge, catalogue: Catalogue) -> None:
        self.judge = judge
        # An alert shows numbers: the features that are lists are for the model alone.
        self._places = {
            feature.name: catalogue.slices[feature.name].start
            for feature in catalogue.features
            if feature.width == 1
        }

    def make(
        self,
        facts: Mapping[str, Any],
        vector: list[float],
        score: float,
        explanation: Explanation,
        scored_at_ms: int,
    ) -> Alert | None:
        """Return the alert, None if the score is below the threshold; ``facts`` are `Judge.alert`'s."""
        return self.judge.alert(
            **facts,
            scored_at_ms=scored_at_ms,
            score=score,
            features={name: _nullable(vector[place]) for name, place in self._places.items()},
            reasons=explanation.reasons,
            reasons_missing=explanation.missing,
        )


def judge_of(manifest: Manifest, catalogue: Catalogue, threshold: float | None) -> Judge:
    """Return what judges a version's scores, by ``threshold`` where there is one, else by its own."""
    return Judge(
        threshold=manifest.threshold if threshold is None else threshold,
        model_version=manifest.version,
        catalogue_version=catalogue.version,
        flag_names=catalogue.flags,
    )


def rederive(
    records: Iterable[bytes], scorer: Scorer, judge: Judge, catalogue: Catalogue, scored_at_ms: int
) -> Iterator[Alert]:
    """Yield the alerts of records of scored transactions, as they were but for ``scored_at``.

    ``records`` are JSON objects of the stream ``Scored`` or the file ``--scores-out``; those of doubled
    transactions, and those whose score is below the judge's threshold, have no alert. Raises `ModelError`
    for a record that another model or catalogue made, or whose score comes out otherwise.
    """
    amount = _amount_feature(catalogue)
    explainer, maker = Explainer(scorer, catalogue), AlertMaker(judge, catalogue)
    parsed = (record for record in map(_parsed, records) if record["score"] is not None)
    while part := list(islice(parsed, RECORDS_AT_ONCE)):
        for record in part:
            _check_versions(record, judge)
        vectors = np.array([vector_of(record["features"], catalogue) for record in part], dtype=np.float64)
        scores = scorer.score(vectors)
        _check_scores(part, scores)
        rows = np.flatnonzero(scores >= judge.threshold)
        for row, explanation in zip(rows, explainer.explain(vectors[rows]), strict=True):
            facts = _facts(part[row], amount)
            alert = maker.make(facts, vectors[row].tolist(), float(scores[row]), explanation, scored_at_ms)
            if alert:
                yield alert


def vector_of(features: Mapping[str, Any], catalogue: Catalogue) -> list[float | None]:
    """Return the vector of a record's features; raises `ModelError` if one is missing."""
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
            f"a record has no field {missing[0]!r}; give records of the stream Scored, one JSON object a line"
        )
        raise ModelError(msg)
    return record


def _padded(triples: list[list[float | None]], n: int) -> list[float | None]:
    """Return the places of a ``last_n``: n amounts, n gaps, n values."""
    filled = triples + [[None, None, None]] * (n - len(triples))
    return [number for column in zip(*filled, strict=True) for number in column]


def _amount_feature(catalogue: Catalogue) -> str:
    """Return the name of the feature that is the amount: a record has it there alone."""
    for feature in catalogue.features:
        is_value = isinstance(feature, TransactionFeature) and feature.statistic == "value"
        if is_value and feature.column == "transaction_amount_vnd":
            return feature.name
    msg = (
        "the catalogue has no feature with the value of transaction_amount_vnd, which an alert needs; add it"
    )
    raise ModelError(msg)


def _facts(record: Mapping[str, Any], amount: str) -> dict[str, Any]:
    arrival = record["arrival_time"]
    return {
        "transaction_id": record["transaction_id"],
        "account_id": record["account_id"],
        "event_time_ms": parse_time_ms(record["event_time"]),
        "arrival_ms": None if arrival is None else parse_time_ms(arrival),
        "transaction_amount_vnd": float(record["features"][amount]),
    }


def _check_versions(record: Mapping[str, Any], judge: Judge) -> None:
    for field in ("model_version", "catalogue_version"):
        expected = getattr(judge, field)
        if record[field] != expected:
            msg = (
                f"transaction {record['transaction_id']!r}: {field} is {record[field]!r}, not {expected!r}; "
                "give the model and the catalogue that it was scored with"
            )
            raise ModelError(msg)


def _check_scores(records: list[dict[str, Any]], scores: Matrix) -> None:
    for record, score in zip(records, scores.tolist(), strict=True):
        if record["score"] != score:
            msg = (
                f"transaction {record['transaction_id']!r}: the score was {record['score']}, and is {score} "
                "now; give the model's folder as it was, and its library versions (the manifest has them)"
            )
            raise ModelError(msg)


def _nullable(value: float) -> float | None:
    return None if isnan(value) else value
