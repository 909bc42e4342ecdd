"""Reasons of an alert: the features that contributed most to the score, in sentences for the analyst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final

from fraudstream.domain.baseline import Vector, account_baselines
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.wording.english import ENGLISH
from fraudstream.domain.wording.sentences import BaselineOf, sentences
from fraudstream.domain.wording.vietnamese import VIETNAMESE

MAX_REASONS: Final = 5
"""Most reasons of an alert: further ones add little for the analyst."""
CONTRIBUTION_DECIMALS: Final = 4
"""Decimals of a contribution; a difference of 0.0001 in log-odds makes no visible difference to a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One feature that raised the score.

    ``value`` is null if the feature is missing or is a list. ``usual`` is the baseline: that of the account,
    or the median of the honest transactions that the model was trained on. ``usual_of`` says which of the two
    it is; both are null if neither is known. The account baseline of a flag (1 or 0) is the share of the
    account's transactions for which it is 1. ``contribution`` is the SHAP value in log-odds, above 0.
    """

    feature: str
    value: float | None
    usual: float | None
    usual_of: BaselineOf | None
    contribution: float
    sentence_en: str
    sentence_vi: str


class Reasoner:
    """Selects and words the reasons of alerts over one catalogue. Picklable and stateless."""

    def __init__(self, catalogue: Catalogue, population: Mapping[str, float | None]) -> None:
        """Take the catalogue and the population baselines by feature name, as far as they are known."""
        self._names = catalogue.names
        self._places = tuple(catalogue.slices.values())
        self._is_number = tuple(feature.width == 1 for feature in catalogue.features)
        self._of_account = account_baselines(catalogue)
        self._of_population = tuple(population.get(name) for name in catalogue.names)
        self._english = sentences(catalogue, ENGLISH)
        self._vietnamese = sentences(catalogue, VIETNAMESE)

    def reasons(self, vector: Vector, contributions: Sequence[float]) -> tuple[Reason, ...]:
        """Return the features with the largest contributions, largest first, at most `MAX_REASONS`.

        ``vector`` and ``contributions`` (log-odds) have the catalogue's width. The contribution of a
        ``last_n`` is the sum over its positions. Features with a contribution of 0 or less are left out.
        """
        added = self._of_features(contributions)
        top = sorted(range(len(added)), key=added.__getitem__, reverse=True)[:MAX_REASONS]
        rounded = ((place, round(added[place], CONTRIBUTION_DECIMALS)) for place in top)
        return tuple(self._reason(vector, place, rest) for place, rest in rounded if rest > 0)

    def _of_features(self, contributions: Sequence[float]) -> Sequence[float]:
        if all(self._is_number):
            return contributions
        return [sum(contributions[place]) for place in self._places]

    def _reason(self, vector: Vector, place: int, contribution: float) -> Reason:
        value = vector[self._places[place].start] if self._is_number[place] else float("nan")
        baseline, baseline_of = self._baseline(vector, place)
        return Reason(
            feature=self._names[place],
            value=None if isnan(value) else value,
            usual=baseline,
            usual_of=baseline_of,
            contribution=contribution,
            sentence_en=self._english[place].say(value, baseline, baseline_of),
            sentence_vi=self._vietnamese[place].say(value, baseline, baseline_of),
        )

    def _baseline(self, vector: Vector, place: int) -> tuple[float | None, BaselineOf | None]:
        of_account = self._of_account[place].of(vector)
        if not isnan(of_account):
            return of_account, "account"
        of_population = self._of_population[place]
        return of_population, None if of_population is None else "population"
