"""Why an alert was made: the features that spoke most for fraud, each in words that an analyst can check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Final

from fraudstream.domain.baseline import Vector, account_baselines
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.wording.english import ENGLISH
from fraudstream.domain.wording.sentences import BaselineOf, sentences
from fraudstream.domain.wording.vietnamese import VIETNAMESE

MOST_REASONS: Final = 5
"""An analyst reads so many; what comes behind them adds little."""
CONTRIBUTION_DECIMALS: Final = 4
"""Digits of a contribution; a ten-thousandth in log-odds makes no score that anybody could tell apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One feature that spoke for fraud.

    ``value`` is null if it was missing, or is a list. ``usual`` is what is usual for this account, or
    the median of the honest transactions that the model was trained on; ``usual_of`` says which, and
    both are null if neither is known. Of a flag (1 or 0), what is usual for the account is the share of
    its transactions for which it is 1. ``contribution`` is the SHAP value in log-odds, above 0.
    """

    feature: str
    value: float | None
    usual: float | None
    usual_of: BaselineOf | None
    contribution: float
    sentence_en: str
    sentence_vi: str


class Reasoner:
    """Finds the reasons of alerts over one catalogue, and says them. Pickles, and holds no state."""

    def __init__(self, catalogue: Catalogue, population: Mapping[str, float | None]) -> None:
        """Take the catalogue, and what is usual in the population for each feature that it is known of."""
        self._names = catalogue.names
        self._places = tuple(catalogue.slices.values())
        self._is_number = tuple(feature.width == 1 for feature in catalogue.features)
        self._of_account = account_baselines(catalogue)
        self._of_population = tuple(population.get(name) for name in catalogue.names)
        self._english = sentences(catalogue, ENGLISH)
        self._vietnamese = sentences(catalogue, VIETNAMESE)

    def reasons(self, vector: Vector, contributions: Sequence[float]) -> tuple[Reason, ...]:
        """Return the features that contribute most to fraud, the largest first, at most `MOST_REASONS`.

        ``vector`` and ``contributions`` (log-odds) have the catalogue's width. What a ``last_n`` adds is
        the sum over its places. A feature that speaks against fraud, or does not matter, is no reason.
        """
        added = self._of_features(contributions)
        top = sorted(range(len(added)), key=added.__getitem__, reverse=True)[:MOST_REASONS]
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
