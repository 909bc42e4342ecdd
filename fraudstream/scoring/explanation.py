"""Explanations of alerts: the features that contributed most to the score, in words."""

from typing import Final, NamedTuple

from fraudstream.domain.alert_reasons import Reason, Reasoner
from fraudstream.domain.catalogue import Catalogue
from fraudstream.scoring.decisions import Matrix
from fraudstream.scoring.scorer import Scorer

NOTHING_ADDED: Final = (
    "no feature raises the score by itself, or the model has no trees to compute reasons from"
)


class Explanation(NamedTuple):
    """The reasons of an alert, or in ``missing`` the explanation of why there are none."""

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

        A row's explanation does not depend on other rows. If the reasons can't be computed, the explanation
        says why: an alert must not fail for lack of reasons.
        """
        try:
            contributions = self._scorer.contributions(features).tolist()
        except Exception as error:  # noqa: BLE001 - the alerts must still be sent
            return [Explanation((), f"the model's contributions failed: {error}")] * len(features)
        # Python floats: accessing numpy scalars one by one costs ten times as much.
        return [self._explanation(*row) for row in zip(features.tolist(), contributions, strict=True)]

    def _explanation(self, vector: list[float], contributions: list[float]) -> Explanation:
        try:
            reasons = self._reasoner.reasons(vector, contributions)
            return Explanation(reasons, None if reasons else NOTHING_ADDED)
        except Exception as error:  # noqa: BLE001 - the alert must still be sent
            return Explanation((), f"the reasons could not be put into words: {error}")
