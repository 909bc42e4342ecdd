"""Alert decision: which scores are due an alert, and the content of the alert."""

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

import numpy as np

from fraudstream.domain.alert import ANALYST_FEATURES, SCHEMA_VERSION, Alert, alert_id, risk_level
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.likely_fraud_type import likely_fraud_type
from fraudstream.domain.transaction import from_time_ms
from fraudstream.scoring.decisions import Scores, Subject
from fraudstream.scoring.explanation import Explanation
from fraudstream.scoring.manifest import Manifest


class Judged(NamedTuple):
    """What the model made of a transaction whose score is due an alert."""

    vector: list[float]
    """The feature vector, of the catalogue's width; NaN where a value is missing."""
    score: float
    explanation: Explanation
    overflowing: tuple[str, ...] = ()
    """Names of the features that are missing because they are too large for the model."""


class Findings(NamedTuple):
    """What a feature vector says by itself, whatever its score."""

    features: dict[str, float | None]
    """The features that are numbers, by name; null where missing."""
    flags: tuple[str, ...]
    """Names of the flags that are 1."""

    @property
    def analyst_features(self) -> dict[str, float | None]:
        """The features that an analyst looks at first."""
        return {name: self.features[name] for name in ANALYST_FEATURES if name in self.features}


class Judge:
    """Turns scores at or above a threshold into alerts, for one model version and one catalogue.

    ``model_digest`` identifies the contents of the version (`Manifest.digest`).
    """

    def __init__(
        self, catalogue: Catalogue, *, threshold: float, model_version: str, model_digest: str
    ) -> None:
        self.threshold = threshold
        self.model_version = model_version
        self.model_digest = model_digest
        self.catalogue_version = catalogue.version
        self._flags = catalogue.flags
        # Alerts show only numbers; features that are lists are for the model.
        self._places = {
            feature.name: catalogue.slices[feature.name].start
            for feature in catalogue.features
            if feature.width == 1
        }

    @classmethod
    def of(cls, manifest: Manifest, catalogue: Catalogue, threshold: float | None = None) -> "Judge":
        """Return the judge for a model version; the threshold defaults to the version's own."""
        return cls(
            catalogue,
            threshold=manifest.threshold if threshold is None else threshold,
            model_version=manifest.version,
            model_digest=manifest.digest,
        )

    def is_due(self, score: float) -> bool:
        """Whether a score is due an alert: if it is at or above the threshold, never if it is NaN."""
        return score >= self.threshold

    def rows_due(self, scores: Scores) -> list[int]:
        """Return the numbers of the rows whose scores are due an alert, in ascending order."""
        rows: list[int] = np.flatnonzero(scores >= self.threshold).tolist()
        return rows

    def findings(self, vector: Sequence[float]) -> Findings:
        """Return the features and flags of a vector of the catalogue's width; NaN is a missing value."""
        features = {name: _nullable(vector[place]) for name, place in self._places.items()}
        return Findings(features, tuple(name for name in self._flags if features[name] == 1))

    def alert(self, subject: Subject, judged: Judged, scored_at_ms: int) -> Alert:
        """Return the alert for a transaction whose score is due one."""
        vector, score, explanation, overflowing = judged
        findings = self.findings(vector)
        return Alert(
            schema_version=SCHEMA_VERSION,
            alert_id=alert_id(subject.key, self.model_digest),
            transaction_id=subject.transaction_id,
            account_id=subject.account_id,
            event_time=from_time_ms(subject.event_time_ms),
            arrival_time=None if subject.arrival_ms is None else from_time_ms(subject.arrival_ms),
            scored_at=from_time_ms(scored_at_ms),
            transaction_amount_vnd=subject.transaction_amount_vnd,
            score=score,
            threshold=self.threshold,
            risk_level=risk_level(score, self.threshold),
            likely_fraud_type=likely_fraud_type(findings.features),
            flags=findings.flags,
            features=findings.analyst_features,
            reasons=explanation.reasons,
            reasons_missing=explanation.missing,
            overflowing_features=overflowing,
            model_version=self.model_version,
            model_digest=self.model_digest,
            catalogue_version=self.catalogue_version,
        )


def _nullable(value: float) -> float | None:
    return None if isnan(value) else value
