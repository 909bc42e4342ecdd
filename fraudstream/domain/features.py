"""Feature definitions of both kinds, with their JSON form: the operands and the meaning of each statistic.

A `WindowFeature` is a statistic over the transactions of one entity, a `TransactionFeature` a value of the
transaction itself. The catalogue checks what concerns several features (unique names, order).
"""

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from fraudstream.domain.customer import CUSTOMER_COLUMNS, FEATURE_COLUMNS
from fraudstream.domain.duration import DAY_MS, format_duration, parse_duration_ms

MAX_WINDOW_MS: Final = 365 * DAY_MS
MAX_LAST_N: Final = 64
"""Most transactions of a ``last_n``; a sequence of 64 takes 192 positions in the vector."""
RESERVED_NAMES: Final = ("transaction_id", "account_id")
"""Keys of the transaction's identity in each line of the features file; no feature may have these names."""
OUT_OF_REACH: Final = "out_of_reach"
"""Key, in lines of features and scored transactions, of the entities out of whose reach the transaction was.
No feature may have this name either."""
METADATA_VERSION: Final = "metadata_version"
"""Key, in lines of features and scored transactions, of the version of the customer's metadata. No feature
may have this name either."""

Entity = Literal["account_id", "customer_id", "device_id", "merchant_id", "counterparty_id"]
ENTITIES: Final[tuple[Entity, ...]] = get_args(Entity)
"""The entities that windows can be keyed by, in the order of the job's steps."""

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
    """An invalid catalogue; the message names the feature and the remedy."""


def fields_of(kinds: set[str]) -> list[str]:
    """Return the columns of a transaction and its customer whose type is one of ``kinds``."""
    return [field for field, kind in FEATURE_COLUMNS.items() if kind in kinds]


def window_fields_of(kinds: set[str]) -> list[str]:
    """Return those of `fields_of` that a window can have: all but texts of the metadata.

    A history has hashes of texts, which the job computes from the transaction's own record.
    """
    return [field for field in fields_of(kinds) if CUSTOMER_COLUMNS.get(field) != "text"]


def wrong_column(column: str, fitting: list[str]) -> str:
    """Return the error message for a column that can't be used, with the ones that can."""
    return f"column {column!r} can't be used here; use one of {', '.join(fitting)}"


def _check_field(column: str, fitting: list[str]) -> None:
    if column not in fitting:
        raise ValueError(wrong_column(column, fitting))


def _duration_ms(value: object) -> object:
    duration_ms = parse_duration_ms(value) if isinstance(value, str) else value
    if isinstance(duration_ms, int) and duration_ms > MAX_WINDOW_MS:
        msg = f"{value} exceeds the maximum of {format_duration(MAX_WINDOW_MS)}"
        raise ValueError(msg)
    return duration_ms


DurationMs = Annotated[int, BeforeValidator(_duration_ms), Field(ge=0)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in RESERVED_NAMES:
            msg = f"{name!r} is reserved for the id of the transaction; use another name"
            raise ValueError(msg)
        if name == OUT_OF_REACH:
            msg = f"{name!r} is reserved for the entities that have no features; use another name"
            raise ValueError(msg)
        if name == METADATA_VERSION:
            msg = f"{name!r} is reserved for the version of the customers' metadata; use another name"
            raise ValueError(msg)
        return name

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form without absent values and defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


class WindowFeature(_Spec):
    """A statistic over an entity's transactions in (t - delay - window, t - delay].

    t is the event time of the current transaction, which is part of the window only if the delay is 0. The
    value is null if the transaction has no id of the entity. ``column`` is a field, a number of the
    customer's metadata, or an earlier feature that depends on the transaction alone; null values of the
    column are ignored.

    - ``count``, ``sum``, ``distinct`` (number of distinct values): 0 without values.
    - ``mean``, ``min``, ``max``: null without values. ``std``: sample standard deviation (n - 1), null for
      fewer than two values.
    - ``ratio_to_mean``: the current transaction's value divided by the window's mean. ``z_score``: its
      distance from that mean in units of ``std``. Null if it has no value, or if the divisor is null or 0.
    - ``occurrences``: number of transactions with the same text as the current one; null if it has none.
    - ``seconds_since_previous``: t minus the latest event time among the other transactions of the window;
      0 if that is the same time, null if there are no others.
    - ``speed_kmh``: speed from the latest other transaction with a latitude and longitude (at equal event
      times: the last to arrive), along the great circle, over at least one second; null if either location
      is missing.
    - ``fraud_rate``: known frauds divided by transactions, null without transactions. A fraud is known if
      the label that arrived last for the transaction says so and was available at t.
    - ``last_n``: list of at most ``n`` triples [amount, gap, value of the column], newest first (at equal
      event times: the last to arrive). The gap is the seconds to the next older transaction of the window,
      null for the oldest. Layout in the vector: n amounts, n gaps, n values.
    """

    entity: Entity
    statistic: WindowStatistic
    column: str | None = None
    window_ms: Annotated[DurationMs, Field(gt=0)] = Field(alias="window")
    delay_ms: DurationMs = Field(0, alias="delay")
    n: int | None = Field(None, ge=1, le=MAX_LAST_N)

    @property
    def is_flag(self) -> bool:
        """Always False: a statistic of a window is a quantity."""
        return False

    @property
    def width(self) -> int:
        """Number of positions in the feature vector."""
        return 3 * (self.n or 0) if self.statistic == "last_n" else 1

    @property
    def reach_ms(self) -> int:
        """Milliseconds that the window reaches back from a transaction: length plus delay."""
        return self.window_ms + self.delay_ms

    @property
    def refers_to(self) -> str | None:
        """The feature that is the column; None if ``column`` names a field, which takes precedence."""
        return None if self.column in FEATURE_COLUMNS else self.column

    @property
    def column_kinds(self) -> set[str]:
        """The types allowed for a field as the column; empty if the statistic takes no column."""
        if self.statistic in _WHOLE_TRANSACTION_STATISTICS:
            return set()
        if self.statistic == "distinct":
            return {"number", "text", "flag"}
        return {"text"} if self.statistic == "occurrences" else {"number"}

    @model_validator(mode="after")
    def _column_fits(self) -> Self:
        if not self.column_kinds:
            if self.column is not None:
                msg = f"statistic {self.statistic} takes no column; omit column"
                raise ValueError(msg)
        elif self.column is None:
            example = "merchant_id" if self.statistic == "occurrences" else "transaction_amount_vnd"
            msg = f"statistic {self.statistic} needs a column, like {example}"
            raise ValueError(msg)
        elif not self.refers_to or self.statistic == "occurrences":
            _check_field(self.column, window_fields_of(self.column_kinds))
        return self

    @model_validator(mode="after")
    def _n_fits(self) -> Self:
        if self.statistic == "last_n" and self.n is None:
            msg = f"statistic last_n needs n, the number of transactions, from 1 to {MAX_LAST_N}"
            raise ValueError(msg)
        if self.statistic != "last_n" and self.n is not None:
            msg = f"statistic {self.statistic} takes no n; omit n"
            raise ValueError(msg)
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, with durations in the notation ``5m``, ``24h``, ``7d``."""
        record = super().to_json()
        record["window"] = format_duration(self.window_ms)
        if self.delay_ms:
            record["delay"] = format_duration(self.delay_ms)
        return record


class TransactionFeature(_Spec):
    """A value derived from the transaction itself or from earlier features; null if an operand is null.

    - ``value``: a number unchanged, a flag as 1 or 0.
    - ``hour``, ``hour_between`` (``from_hour`` inclusive, ``to_hour`` exclusive, across midnight if from >
      to) and ``weekend`` use Vietnam's time.
    - ``above`` excludes the threshold, ``at_least`` and ``at_most`` include it; they compare a column or one
      earlier feature. ``between``: ``low`` inclusive, ``high`` exclusive.
    - ``equals``, ``starts_with``: exact, case-sensitive comparison of text.
    - ``code``: the position of the text in ``values``, from 1; any other text gives the length plus 1.
    - ``ratio``: column divided by denominator, null if the denominator is 0.
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
        """Whether the value is 1 or 0; an alert lists the flags that are 1."""
        return self.statistic in _FLAG_STATISTICS or FEATURE_COLUMNS.get(self.column or "") == "flag"

    @property
    def width(self) -> int:
        """Number of positions in the feature vector."""
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
                _check_field(column, fields_of(self._column_kinds()))
        return self

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if self.statistic in _COMPARISONS and len(self.of) > 1:
            msg = f"statistic {self.statistic} takes one feature, but 'of' lists {len(self.of)}"
            raise ValueError(msg)
        if self.low is not None and self.high is not None and self.low >= self.high:
            msg = f"low {self.low:g} is not below high {self.high:g}; give a low that is"
            raise ValueError(msg)
        twice = {value for value in self.values if self.values.count(value) > 1}
        if twice:
            msg = f"values has {min(twice)!r} twice; list each value once"
            raise ValueError(msg)
        return self

    def _column_kinds(self) -> set[str]:
        if self.statistic in _TEXT_STATISTICS:
            return {"text"}
        return {"number", "flag"} if self.statistic == "value" else {"number"}


Feature = WindowFeature | TransactionFeature
