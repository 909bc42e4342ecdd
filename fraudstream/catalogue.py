"""The features that the job computes, as data: one list, read by the kernel, the reference and the models.

Two families. A `WindowFeature` is a statistic over the transactions of one entity whose event time
lies in (t - d - w, t - d], t being the event time of the transaction at hand (itself included if
d = 0), w the window and d the delay. A `TransactionFeature` looks at the transaction alone, or at
features that come before it in the list. Both have a JSON form, which is what the kernel reads.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from fraudstream.duration import DAY_MS, HOUR_MS, MINUTE_MS, format_duration, parse_duration_ms
from fraudstream.transaction import COLUMN_KINDS

HIGH_AMOUNT_VND: Final = 300_000_000
"""Money laundering in the product's fraud patterns moves amounts above this."""
HIGH_FREQUENCY_PER_5_MINUTES: Final = 15
"""Money laundering shows in more transactions than this within five minutes."""
OFF_HOURS: Final = (22, 4)
"""First hour inside, first hour outside, in Vietnam: the patterns name the hours 22, 23, 24, 1, 2, 3."""
NEW_DEVICE_PREFIX: Final = "DEV_NEW_9"
"""The device ids of account takeover begin with this."""
BIOMETRIC_FAILURES: Final = 3
"""An account takeover has at least this many failed biometric checks."""
VELOCITY_WINDOWS_MS: Final = (5 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS)
LONGEST_WINDOW_MS: Final = 365 * DAY_MS

_SHORT: Final = {
    "account_id": "account",
    "device_id": "device",
    "transaction_amount_vnd": "amount_vnd",
}


class CatalogueError(ValueError):
    """A list of features that can't be computed; the message names the feature and the remedy."""


def _duration_ms(value: object) -> object:
    return parse_duration_ms(value) if isinstance(value, str) else value


DurationMs = Annotated[int, BeforeValidator(_duration_ms), Field(ge=0, le=LONGEST_WINDOW_MS)]
WindowStatistic = Literal["count", "sum", "mean", "max", "distinct", "seconds_since_previous"]
TransactionStatistic = Literal[
    "value", "hour", "hour_between", "weekend", "above", "at_least", "starts_with", "ratio", "any"
]
_FLAG_STATISTICS: Final = {"hour_between", "weekend", "above", "at_least", "starts_with", "any"}
_WHOLE_TRANSACTION_STATISTICS: Final = {"count", "seconds_since_previous"}
_NUMBER_STATISTICS: Final = {"sum", "mean", "max"}
_OPERANDS: Final[dict[TransactionStatistic, tuple[set[str], ...]]] = {
    "value": ({"column"},),
    "hour": (set(),),
    "hour_between": ({"from_hour", "to_hour"},),
    "weekend": (set(),),
    "above": ({"column", "threshold"}, {"of", "threshold"}),
    "at_least": ({"column", "threshold"}, {"of", "threshold"}),
    "starts_with": ({"column", "prefix"},),
    "ratio": ({"column", "denominator"},),
    "any": ({"of"},),
}
_COLUMN_KINDS_OF: Final[dict[str, set[str]]] = {
    "value": {"number", "flag"},
    "above": {"number"},
    "at_least": {"number"},
    "ratio": {"number"},
    "starts_with": {"text"},
}


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: what is absent or at its default is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


class WindowFeature(_Spec):
    """A statistic over an entity's transactions in (t - delay - window, t - delay].

    Null values are left out. Over none, ``count``, ``sum`` and ``distinct`` are 0, the rest null.
    ``seconds_since_previous`` is t minus the greatest event time among the other transactions of
    the window: 0 for one of the same time.
    """

    entity: Literal["account_id"]
    statistic: WindowStatistic
    column: str | None = None
    window_ms: Annotated[DurationMs, Field(gt=0)] = Field(alias="window")
    delay_ms: DurationMs = Field(0, alias="delay")

    @property
    def is_flag(self) -> bool:
        """Never: a statistic of a window is a quantity."""
        return False

    @model_validator(mode="after")
    def _column_fits(self) -> Self:
        if self.statistic in _WHOLE_TRANSACTION_STATISTICS:
            if self.column is not None:
                msg = f"statistic {self.statistic} looks at whole transactions; leave column out"
                raise ValueError(msg)
        elif self.column is None:
            msg = f"statistic {self.statistic} needs a column, like transaction_amount_vnd"
            raise ValueError(msg)
        else:
            _check_kind(
                self.column,
                {"number"} if self.statistic in _NUMBER_STATISTICS else {"number", "text", "flag"},
            )
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

    ``hour``, ``hour_between`` (from inside, to outside, over midnight if from > to) and ``weekend``
    go by Vietnam's time. ``ratio`` is column by denominator, null if that is 0. ``any`` is 1 if one
    of its features is 1, else null if one is null, else 0. Flags are 1 or 0.
    """

    entity: Literal["transaction"]
    statistic: TransactionStatistic
    column: str | None = None
    denominator: str | None = None
    of: tuple[str, ...] = ()
    threshold: float | None = Field(None, allow_inf_nan=False)
    prefix: str | None = Field(None, min_length=1)
    from_hour: int | None = Field(None, ge=0, le=23)
    to_hour: int | None = Field(None, ge=0, le=24)

    @property
    def is_flag(self) -> bool:
        """Whether the value says yes or no, and an alert names the feature if it is 1."""
        return self.statistic in _FLAG_STATISTICS or COLUMN_KINDS.get(self.column or "") == "flag"

    @model_validator(mode="after")
    def _operands_fit(self) -> Self:
        given = {
            name
            for name in ("column", "denominator", "of", "threshold", "prefix", "from_hour", "to_hour")
            if getattr(self, name) not in (None, ())
        }
        wanted = _OPERANDS[self.statistic]
        if given not in wanted:
            choices = " or ".join(", ".join(sorted(choice)) or "nothing" for choice in wanted)
            msg = (
                f"statistic {self.statistic} takes {choices}; given: {', '.join(sorted(given)) or 'nothing'}"
            )
            raise ValueError(msg)
        if self.statistic in ("above", "at_least") and len(self.of) > 1:
            msg = f"statistic {self.statistic} compares one feature; of names {len(self.of)}"
            raise ValueError(msg)
        for column in (self.column, self.denominator):
            if column is not None:
                _check_kind(column, _COLUMN_KINDS_OF[self.statistic])
        return self


def _check_kind(column: str, kinds: set[str]) -> None:
    kind = COLUMN_KINDS.get(column)
    if kind not in kinds:
        fitting = ", ".join(name for name, its_kind in COLUMN_KINDS.items() if its_kind in kinds)
        msg = f"column {column!r} can't be used here; use one of {fitting}"
        raise ValueError(msg)


FeatureSpec = Annotated[WindowFeature | TransactionFeature, Field(discriminator="entity")]
_SPEC: Final[TypeAdapter[WindowFeature | TransactionFeature]] = TypeAdapter(FeatureSpec)


@dataclass(frozen=True)
class Catalogue:
    """An ordered list of features with different names; a feature's place is its place in the vector."""

    features: tuple[WindowFeature | TransactionFeature, ...]

    def __post_init__(self) -> None:
        """Check what no single feature can."""
        if not self.features:
            msg = "the catalogue has no feature; give at least one"
            raise CatalogueError(msg)
        before: set[str] = set()
        for feature in self.features:
            if feature.name in before:
                msg = f"feature {feature.name!r} is there twice; give each its own name"
                raise CatalogueError(msg)
            for name in feature.of if isinstance(feature, TransactionFeature) else ():
                if name not in before:
                    msg = (
                        f"feature {feature.name!r}: of names {name!r}, which must come before it in the list"
                    )
                    raise CatalogueError(msg)
            before.add(feature.name)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Catalogue":
        """Read ``{"features": [...]}``; raises `CatalogueError` for the first feature that is wrong."""
        try:
            specs = json.loads(text)["features"]
        except (ValueError, KeyError, TypeError) as error:
            msg = f'a catalogue is JSON like {{"features": [...]}}: {error}'
            raise CatalogueError(msg) from None
        if not isinstance(specs, list):
            msg = f"features must be a list, not {type(specs).__name__}"
            raise CatalogueError(msg)
        return cls(tuple(_feature(spec, place) for place, spec in enumerate(specs, start=1)))

    @classmethod
    def load(cls, path: Path | None) -> "Catalogue":
        """Read a catalogue's file; the project's own catalogue for None."""
        return BUILT_IN if path is None else cls.from_json(path.read_bytes())

    def to_json(self) -> str:
        """Return the JSON form, the same text for the same catalogue."""
        return json.dumps(
            {"features": [feature.to_json() for feature in self.features]}, separators=(",", ":")
        )

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any change of the list."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order of the vector."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """The names of the features that say yes or no."""
        return tuple(feature.name for feature in self.features if feature.is_flag)

    @cached_property
    def reach_ms(self) -> int:
        """How far back from a transaction the longest window reaches, its delay included."""
        windows = [feature for feature in self.features if isinstance(feature, WindowFeature)]
        return max((feature.window_ms + feature.delay_ms for feature in windows), default=0)

    def meaning(self, name: str) -> dict[str, Any]:
        """Return what a feature computes, its name left out and the features it refers to spelled out."""
        spec = self.features[self.names.index(name)].to_json()
        del spec["name"]
        if "of" in spec:
            spec["of"] = [self.meaning(other) for other in spec["of"]]
        return spec


def _feature(spec: object, place: int) -> WindowFeature | TransactionFeature:
    name = spec.get("name") if isinstance(spec, dict) else None
    try:
        return _SPEC.validate_python(spec)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"] if part not in ("account_id", "transaction"))
        reason = problem["msg"].removeprefix("Value error, ")
        if problem["type"].startswith("union_tag"):
            reason = "entity must be 'account_id' (a window) or 'transaction' (the transaction itself)"
        where = f"feature {name!r}" if name else f"feature {place} of the list"
        msg = f"{where}: {field + ': ' if field else ''}{reason}"
        raise CatalogueError(msg) from None


def _window(statistic: WindowStatistic, window_ms: int, column: str | None = None) -> WindowFeature:
    """Return a feature of the account whose name says what it is."""
    parts = ["account", _SHORT[column] if column else None, statistic, format_duration(window_ms)]
    name = "_".join(part for part in parts if part)
    return WindowFeature(
        name=name, entity="account_id", statistic=statistic, column=column, window_ms=window_ms
    )


def _row(name: str, statistic: TransactionStatistic, **operands: Any) -> TransactionFeature:  # noqa: ANN401 - checked by the model
    return TransactionFeature(name=name, entity="transaction", statistic=statistic, **operands)


def _account_velocity() -> Iterable[WindowFeature]:
    for window_ms in VELOCITY_WINDOWS_MS:
        yield _window("count", window_ms)
        for statistic in ("sum", "mean", "max"):
            yield _window(statistic, window_ms, "transaction_amount_vnd")
    yield _window("seconds_since_previous", 7 * DAY_MS)
    yield _window("distinct", DAY_MS, "device_id")


def _transaction_itself() -> Iterable[TransactionFeature]:
    for column in (
        "transaction_amount_vnd",
        "transaction_fees_vnd",
        "biometric_failure_count",
        "total_loans_vnd",
        "num_transactions",
        "npl_flag",
    ):
        yield _row(column, "value", column=column)
    yield _row(
        "fee_to_amount_ratio", "ratio", column="transaction_fees_vnd", denominator="transaction_amount_vnd"
    )
    yield _row("transaction_hour", "hour")


def _flags() -> Iterable[TransactionFeature]:
    from_hour, to_hour = OFF_HOURS
    yield _row("off_hours_flag", "hour_between", from_hour=from_hour, to_hour=to_hour)
    yield _row("weekend_flag", "weekend")
    yield _row("high_amount_flag", "above", column="transaction_amount_vnd", threshold=HIGH_AMOUNT_VND)
    yield _row(
        "high_frequency_flag", "above", of=("account_count_5m",), threshold=HIGH_FREQUENCY_PER_5_MINUTES
    )
    yield _row("new_device_flag", "starts_with", column="device_id", prefix=NEW_DEVICE_PREFIX)
    yield _row(
        "biometric_failures_flag", "at_least", column="biometric_failure_count", threshold=BIOMETRIC_FAILURES
    )
    yield _row("suspicious_device_flag", "any", of=("new_device_flag", "biometric_failures_flag"))


BUILT_IN: Final = Catalogue((*_account_velocity(), *_transaction_itself(), *_flags()))
"""The project's catalogue."""
