"""The two kinds of features, as data with a JSON form: what each statistic takes, and what it means.

A `WindowFeature` is a statistic over the transactions of one entity, a `TransactionFeature` a value
of the transaction at hand. What only a list of features can show (names, order) is the catalogue's.
"""

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from fraudstream.domain.duration import DAY_MS, format_duration, parse_duration_ms
from fraudstream.domain.transaction import COLUMN_KINDS

LONGEST_WINDOW_MS: Final = 365 * DAY_MS
MOST_LAST_N: Final = 64
"""A sequence of so many transactions takes 192 places in the vector."""
RESERVED_NAME: Final = "transaction_id"
"""The key that stands beside the features in each line of the features file."""

Entity = Literal["account_id", "customer_id", "device_id", "merchant_id", "counterparty_id"]
ENTITIES: Final[tuple[Entity, ...]] = get_args(Entity)
"""What a window can be of, in the order of the job's steps."""

WindowStatistic = Literal[
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "std",
    "distinct",
    "occurrences",
    "seconds_since_previous",
    "ratio_to_mean",
    "z_score",
    "speed_kmh",
    "fraud_rate",
    "last_n",
]
TransactionStatistic = Literal[
    "value",
    "hour",
    "hour_between",
    "weekend",
    "above",
    "at_least",
    "at_most",
    "between",
    "equals",
    "starts_with",
    "code",
    "ratio",
    "any",
]

_WHOLE_TRANSACTION_STATISTICS: Final = {"count", "seconds_since_previous", "speed_kmh", "fraud_rate"}
_FLAG_STATISTICS: Final = {
    "hour_between",
    "weekend",
    "above",
    "at_least",
    "at_most",
    "between",
    "equals",
    "starts_with",
    "any",
}
_COMPARISONS: Final = ("above", "at_least", "at_most")
_COMPARED: Final[tuple[set[str], ...]] = ({"column", "threshold"}, {"of", "threshold"})
_OPERANDS: Final[dict[TransactionStatistic, tuple[set[str], ...]]] = {
    "value": ({"column"},),
    "hour": (set(),),
    "hour_between": ({"from_hour", "to_hour"},),
    "weekend": (set(),),
    "above": _COMPARED,
    "at_least": _COMPARED,
    "at_most": _COMPARED,
    "between": ({"column", "low", "high"},),
    "equals": ({"column", "text"},),
    "starts_with": ({"column", "prefix"},),
    "code": ({"column", "values"},),
    "ratio": ({"column", "denominator"},),
    "any": ({"of"},),
}
_TEXT_STATISTICS: Final = {"equals", "starts_with", "code"}


class CatalogueError(ValueError):
    """A list of features that can't be computed; the message names the feature and the remedy."""


def fields_of(kinds: set[str]) -> list[str]:
    """Return the fields of a transaction that hold one of ``kinds``."""
    return [field for field, kind in COLUMN_KINDS.items() if kind in kinds]


def wrong_column(column: str, fitting: list[str]) -> str:
    """Say that a column can't be used, and what can."""
    return f"column {column!r} can't be used here; use one of {', '.join(fitting)}"


def _check_field(column: str, kinds: set[str]) -> None:
    if COLUMN_KINDS.get(column) not in kinds:
        raise ValueError(wrong_column(column, fields_of(kinds)))


def _duration_ms(value: object) -> object:
    duration_ms = parse_duration_ms(value) if isinstance(value, str) else value
    if isinstance(duration_ms, int) and duration_ms > LONGEST_WINDOW_MS:
        msg = f"{value} is longer than {format_duration(LONGEST_WINDOW_MS)}; give that at most"
        raise ValueError(msg)
    return duration_ms


DurationMs = Annotated[int, BeforeValidator(_duration_ms), Field(ge=0)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name == RESERVED_NAME:
            msg = f"{name!r} is the key of the transaction itself where features are written; use another"
            raise ValueError(msg)
        return name

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: what is absent or at its default is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


class WindowFeature(_Spec):
    """A statistic over an entity's transactions in (t - delay - window, t - delay].

    t is the event time of the transaction at hand, which lies in the window itself if the delay is
    0. If it has no id of the entity, the value is null. ``column`` is a field, or an earlier feature
    of the transaction alone; null values of it are left out.

    - ``count``, ``sum``, ``distinct`` (different values): 0 over none.
    - ``mean``, ``min``, ``max``: null over none. ``std``: of a sample (by n - 1), null under two.
    - ``ratio_to_mean``, ``z_score``: the value of the transaction at hand by the window's mean, and
      its distance from that mean in ``std``. Null if it has none, or what it is divided by is null
      or 0.
    - ``occurrences``: how many transactions have the text of the one at hand; null if it has none.
    - ``seconds_since_previous``: t minus the greatest event time among the other transactions of
      the window, 0 for one of the same time; null without one.
    - ``speed_kmh``: from the latest other transaction with a latitude and longitude (of one time: the
      last to arrive), along the great circle, over at least one second; null without either place.
    - ``fraud_rate``: known frauds by transactions, null over none. A fraud is known if the label that
      arrived last for the transaction says so and was available at t.
    - ``last_n``: a list of at most ``n`` triples [amount, gap, value of the column], newest first (of
      one time: the last to arrive). The gap is the seconds to the next older transaction of the
      window, null for its oldest. In the vector: n amounts, n gaps, n values.
    """

    entity: Entity
    statistic: WindowStatistic
    column: str | None = None
    window_ms: Annotated[DurationMs, Field(gt=0)] = Field(alias="window")
    delay_ms: DurationMs = Field(0, alias="delay")
    n: int | None = Field(None, ge=1, le=MOST_LAST_N)

    @property
    def is_flag(self) -> bool:
        """Never: a statistic of a window is a quantity."""
        return False

    @property
    def width(self) -> int:
        """How many places it takes in the vector."""
        return 3 * (self.n or 0) if self.statistic == "last_n" else 1

    @property
    def reach_ms(self) -> int:
        """How far back from a transaction it looks."""
        return self.window_ms + self.delay_ms

    @property
    def refers_to(self) -> str | None:
        """The feature that it looks at in place of a field, if it does: a field's name wins."""
        return None if self.column in COLUMN_KINDS else self.column

    @property
    def column_kinds(self) -> set[str]:
        """What a field that it looks at may hold; empty if it looks at whole transactions."""
        if self.statistic in _WHOLE_TRANSACTION_STATISTICS:
            return set()
        if self.statistic == "distinct":
            return {"number", "text", "flag"}
        return {"text"} if self.statistic == "occurrences" else {"number"}

    @model_validator(mode="after")
    def _column_fits(self) -> Self:
        if not self.column_kinds:
            if self.column is not None:
                msg = f"statistic {self.statistic} looks at whole transactions; leave column out"
                raise ValueError(msg)
        elif self.column is None:
            example = "merchant_id" if self.statistic == "occurrences" else "transaction_amount_vnd"
            msg = f"statistic {self.statistic} needs a column, like {example}"
            raise ValueError(msg)
        elif not self.refers_to or self.statistic == "occurrences":
            _check_field(self.column, self.column_kinds)
        return self

    @model_validator(mode="after")
    def _n_fits(self) -> Self:
        if self.statistic == "last_n" and self.n is None:
            msg = f"statistic last_n needs n, the number of transactions, from 1 to {MOST_LAST_N}"
            raise ValueError(msg)
        if self.statistic != "last_n" and self.n is not None:
            msg = f"statistic {self.statistic} has no n; leave it out"
            raise ValueError(msg)
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, with durations as people write them."""
        record = super().to_json()
        record["window"] = format_duration(self.window_ms)
        if self.delay_ms:
            record["delay"] = format_duration(self.delay_ms)
        return record


class TransactionFeature(_Spec):
    """A value of the transaction itself or of earlier features; null if what it needs is null.

    - ``value``: a number as it is, a flag as 1 or 0.
    - ``hour``, ``hour_between`` (``from_hour`` inside, ``to_hour`` outside, over midnight if from >
      to) and ``weekend`` go by Vietnam's time.
    - ``above`` is without the threshold, ``at_least`` and ``at_most`` with it; they compare a column
      or one earlier feature. ``between``: ``low`` inside, ``high`` outside.
    - ``equals``, ``starts_with``: to the letter.
    - ``code``: the place of the text in ``values``, from 1; one more than their number for another.
    - ``ratio``: column by denominator, null if that is 0.
    - ``any``: 1 if one of its features is 1, else null if one is null, else 0.

    Flags are 1 or 0.
    """

    entity: Literal["transaction"]
    statistic: TransactionStatistic
    column: str | None = None
    denominator: str | None = None
    of: tuple[str, ...] = ()
    threshold: float | None = Field(None, allow_inf_nan=False)
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    text: str | None = None
    prefix: str | None = Field(None, min_length=1)
    values: tuple[str, ...] = ()
    from_hour: int | None = Field(None, ge=0, le=23)
    to_hour: int | None = Field(None, ge=0, le=24)

    @property
    def is_flag(self) -> bool:
        """Whether the value says yes or no, and an alert names the feature if it is 1."""
        return self.statistic in _FLAG_STATISTICS or COLUMN_KINDS.get(self.column or "") == "flag"

    @property
    def width(self) -> int:
        """How many places it takes in the vector."""
        return 1

    @model_validator(mode="after")
    def _operands_fit(self) -> Self:
        operands = type(self).model_fields.keys() - {"name", "entity", "statistic"}
        given = {name for name in operands if getattr(self, name) not in (None, ())}
        wanted = _OPERANDS[self.statistic]
        if given not in wanted:
            choices = " or ".join(", ".join(sorted(choice)) or "nothing" for choice in wanted)
            msg = (
                f"statistic {self.statistic} takes {choices}; given: {', '.join(sorted(given)) or 'nothing'}"
            )
            raise ValueError(msg)
        for column in (self.column, self.denominator):
            if column is not None:
                _check_field(column, self._column_kinds())
        return self

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if self.statistic in _COMPARISONS and len(self.of) > 1:
            msg = f"statistic {self.statistic} compares one feature; of names {len(self.of)}"
            raise ValueError(msg)
        if self.low is not None and self.high is not None and self.low >= self.high:
            msg = f"nothing lies between low {self.low:g} and high {self.high:g}; low must be the smaller one"
            raise ValueError(msg)
        twice = {value for value in self.values if self.values.count(value) > 1}
        if twice:
            msg = f"values has {min(twice)!r} twice; each value has one code"
            raise ValueError(msg)
        return self

    def _column_kinds(self) -> set[str]:
        if self.statistic in _TEXT_STATISTICS:
            return {"text"}
        return {"number", "flag"} if self.statistic == "value" else {"number"}


Feature = WindowFeature | TransactionFeature
