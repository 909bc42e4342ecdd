"""Sentences for the features of any catalogue, built from their statistic, entity and column.

Well-known features of the built-in catalogue have special wording, which is used only if a feature has the
same definition there.
"""

from collections.abc import Callable, Mapping
from math import isnan
from typing import Final, Literal, Protocol, cast

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, Feature, TransactionFeature
from fraudstream.domain.customer import FEATURE_COLUMNS
from fraudstream.domain.families import BIOMETRIC_FAILURES, OFF_HOURS, REPORTED_FROM_VND
from fraudstream.domain.wording.language import Clause, Language, Noun, Unit

BaselineOf = Literal["account", "population"]
"""Source of the baseline in a reason: this account, or honest transactions in general."""

_UNITS: Final[Mapping[str, Unit]] = {
    "seconds_since_previous": "seconds",
    "ratio_to_mean": "times",
    "speed_kmh": "km_h",
    "fraud_rate": "percent",
    "hour": "hour",
}
_CUT: Final = "\0"
"""Marker for the position where a template is cut; it occurs in no text."""
_OF_THE_COLUMN: Final = ("sum", "mean", "min", "max", "std", "value")
"""Statistics whose values have the unit of their column."""


class Sentence(Protocol):
    """Wording of one feature in one language."""

    def say(self, value: float, baseline: float | None, baseline_of: BaselineOf | None) -> str:
        """Return the sentence for a value (NaN if missing) and its baseline (None if not known)."""


class _Gap:
    """A template cut at its only placeholder: concatenating strings is much faster than formatting."""

    def __init__(self, template: str, place: str, **others: str) -> None:
        self._before, self._after = template.format(**others, **{place: _CUT}).split(_CUT)

    def filled(self, text: str) -> str:
        return f"{self._before}{text}{self._after}"


class _Quantity:
    def __init__(self, language: Language, subject: str, unit: Unit) -> None:
        self._written = language.writer(unit)
        self._missing = _capital(language.missing.format(subject=subject))
        self._is = _Gap(_capital(language.quantity.format(subject=subject, value="{value}")), "value")
        self._baseline: dict[BaselineOf | None, _Gap] = {
            "account": _Gap(language.baseline_of_account + ".", "baseline"),
            "population": _Gap(language.baseline_of_population + ".", "baseline"),
        }

    def say(self, value: float, baseline: float | None, baseline_of: BaselineOf | None) -> str:
        start = self._missing if isnan(value) else self._is.filled(self._written(value))
        return start + (
            "." if baseline is None else self._baseline[baseline_of].filled(self._written(baseline))
        )


class _Code:
    """Wording of a ``code``. It has no baseline, as a median of codes is meaningless."""

    def __init__(self, language: Language, subject: str, values: tuple[str, ...]) -> None:
        texts = [*(f"“{value}”" for value in values), language.other_text]
        self._texts = [_sentence(language.quantity.format(subject=subject, value=text)) for text in texts]
        self._missing = _sentence(language.missing.format(subject=subject))

    def say(self, value: float, baseline: float | None, baseline_of: BaselineOf | None) -> str:  # noqa: ARG002 - part of the protocol
        return self._missing if isnan(value) else self._texts[min(int(value), len(self._texts)) - 1]


class _Flag:
    def __init__(self, language: Language, clause: Clause) -> None:
        self._missing = _sentence(language.missing_flag.format(yes=clause.yes))
        self._yes, self._no = _capital(clause.yes), _capital(clause.no)
        self._percent = language.writer("percent")
        self._share = _Gap(language.share_of_account + ".", "baseline")
        self._as_population = language.as_population + "."
        self._not_as_population = language.not_as_population + "."

    def say(self, value: float, baseline: float | None, baseline_of: BaselineOf | None) -> str:
        if isnan(value):
            return self._missing
        return (self._yes if value else self._no) + self._compared(value, baseline, baseline_of)

    def _compared(self, value: float, baseline: float | None, baseline_of: BaselineOf | None) -> str:
        if baseline is None:
            return "."
        if baseline_of == "account":
            # The account's baseline is the share of transactions for which the flag is 1.
            return self._share.filled(self._percent(baseline if value else 1 - baseline))
        return self._as_population if baseline == value else self._not_as_population


class _Sequence:
    def __init__(self, language: Language, subject: str) -> None:
        self._sentence = _sentence(language.sequence.format(subject=subject))

    def say(self, value: float, baseline: float | None, baseline_of: BaselineOf | None) -> str:  # noqa: ARG002 - part of the protocol
        return self._sentence


def sentences(catalogue: Catalogue, language: Language) -> tuple[Sentence, ...]:
    """Return the wording of each feature of the catalogue, in its order."""
    writer = _Writer(catalogue, language)
    return tuple(writer.sentence(feature) for feature in catalogue.features)


class _Writer:
    """Builds the wording of a catalogue's features in one language."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._language = language
        self._features = {feature.name: feature for feature in catalogue.features}
        self._known = {
            name
            for name in catalogue.names
            if name in BUILT_IN.names and catalogue.meaning(name) == BUILT_IN.meaning(name)
        }
        night_from, night_to = OFF_HOURS
        self._constants = {
            "reported": language.vnd(REPORTED_FROM_VND),
            "failures": f"{BIOMETRIC_FAILURES}",
            "night_from": _clock(night_from),
            "night_to": _clock(night_to),
        }

    def sentence(self, feature: Feature) -> Sentence:
        if feature.is_flag:
            return _Flag(self._language, self._clause(feature))
        subject = self._subject(feature)
        if feature.statistic == "last_n":
            return _Sequence(self._language, subject)
        if isinstance(feature, TransactionFeature) and feature.statistic == "code":
            return _Code(self._language, subject, feature.values)
        return _Quantity(self._language, subject, self._unit(feature))

    def _subject(self, feature: Feature) -> str:
        """Return the subject of a quantity's sentence."""
        if isinstance(feature, TransactionFeature):
            return self._subject_of_row(feature)
        places = {
            "entity": self._language.entities[feature.entity],
            "window": self._language.window(feature.window_ms, feature.delay_ms),
            "n": str(feature.n),
        }
        if feature.name in self._known and feature.name in self._language.known_quantities:
            return self._language.known_quantities[feature.name].format(**places, **self._constants)
        if self._is_flag(feature.column) and feature.statistic in self._language.flags_in_window:
            statistic = cast("Literal['sum', 'mean', 'distinct']", feature.statistic)
            yes = self._clause_of(cast("str", feature.column)).yes
            return self._language.flags_in_window[statistic].format(**places, yes=yes)
        noun = self._noun(feature.column) if feature.column else Noun("", "")
        return self._language.windows[feature.statistic].format(**places, one=noun.one, many=noun.many)

    def _subject_of_row(self, feature: TransactionFeature) -> str:
        if feature.statistic == "hour":
            return self._language.hour
        one = self._noun(cast("str", feature.column)).one
        if feature.statistic != "ratio":
            return one
        template = self._language.share if self._unit(feature) == "percent" else self._language.ratio
        return template.format(one=one, denominator=self._noun(cast("str", feature.denominator)).one)

    def _noun(self, column: str) -> Noun:
        """Return the noun of a field, or of an earlier feature if the column is not a field."""
        if column in FEATURE_COLUMNS:
            return self._language.columns[column]
        subject = self._text_of(self._features[column])
        return Noun(subject, self._language.values_of.format(subject=subject))

    def _text_of(self, feature: Feature) -> str:
        return self._clause(feature).yes if feature.is_flag else self._subject(feature)

    def _is_flag(self, column: str | None) -> bool:
        if column is None or column in FEATURE_COLUMNS:
            return FEATURE_COLUMNS.get(column or "") == "flag"
        return self._features[column].is_flag

    def _clause_of(self, column: str) -> Clause:
        if column in FEATURE_COLUMNS:
            return self._language.flag_columns[column]
        return self._clause(self._features[column])

    def _clause(self, feature: Feature) -> Clause:
        """Return the wording of a flag that is 1 and of one that is 0."""
        if feature.name in self._known and feature.name in self._language.known_flags:
            return _filled(self._language.known_flags[feature.name], self._constants)
        row = cast("TransactionFeature", feature)
        if row.statistic == "value":
            return self._language.flag_columns[cast("str", row.column)]
        return _filled(getattr(self._language, row.statistic), self._operands(row))

    def _operands(self, feature: TransactionFeature) -> dict[str, str]:
        """Return the values for the placeholders of a flag's wording."""
        if feature.statistic == "any":
            listed = "; ".join(self._text_of(self._features[name]) for name in feature.of)
            return {"listed": listed}
        if feature.statistic == "hour_between":
            return {
                "low": _clock(cast("int", feature.from_hour)),
                "high": _clock(cast("int", feature.to_hour)),
            }
        if feature.statistic == "weekend":
            return {}
        compared = feature.column or feature.of[0]
        write = self._limits_of(compared)
        return {
            "subject": self._noun(compared).one,
            "text": feature.text or feature.prefix or "",
            "limit": write(feature.threshold),
            "low": write(feature.low),
            "high": write(feature.high),
        }

    def _limits_of(self, column: str) -> Callable[[float | None], str]:
        unit = self._unit_of(column)
        return lambda limit: "" if limit is None else self._language.quantity_of(limit, unit)

    def _unit(self, feature: Feature) -> Unit:
        """Return the unit in which the values of a quantity are formatted."""
        if isinstance(feature, TransactionFeature) and feature.statistic == "ratio":
            both = {
                self._unit_of(cast("str", feature.column)),
                self._unit_of(cast("str", feature.denominator)),
            }
            return "percent" if both == {"vnd"} else "number"
        if feature.statistic == "mean" and self._is_flag(feature.column):
            return "percent"
        if feature.statistic in _OF_THE_COLUMN:
            return self._unit_of(cast("str", feature.column))
        return _UNITS.get(feature.statistic, "number")

    def _unit_of(self, column: str) -> Unit:
        if column in FEATURE_COLUMNS:
            return "vnd" if column.endswith("_vnd") else "number"
        feature = self._features[column]
        return "number" if feature.is_flag else self._unit(feature)


def _clock(hour: int) -> str:
    return f"{hour:02d}:00"


def _filled(clause: Clause, places: Mapping[str, str]) -> Clause:
    return Clause(clause.yes.format(**places), clause.no.format(**places))


def _sentence(clause: str) -> str:
    return f"{_capital(clause)}."


def _capital(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}"
