"""The project's own features, a family of them in each generator: add a line here to add a feature.

The name of a window says all that it is, and is made from it: entity, column, statistic, window, and
the delay if there is one.
"""

from collections.abc import Iterable
from typing import Any, Final

from fraudstream.domain.duration import DAY_MS, HOUR_MS, MINUTE_MS, format_duration
from fraudstream.domain.features import (
    Entity,
    Feature,
    TransactionFeature,
    TransactionStatistic,
    WindowFeature,
    WindowStatistic,
)

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
REPORTED_FROM_VND: Final = 400_000_000
"""A transaction of this amount or more must be reported to the State Bank of Vietnam: Decision
11/2023/QD-TTg of the Prime Minister, article 3, in force since 2023-12-01."""
STRUCTURING_SHARE: Final = 0.9
"""From this share of the reported amount on, and below it, an amount looks cut to stay unreported;
the tenth is this project's choice."""
VELOCITY_WINDOWS_MS: Final = (5 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
OWN_HISTORY_DELAY_MS: Final = 1
"""The shortest delay: it leaves the transaction out of what it is compared with."""
FRAUD_RATE_WINDOWS_MS: Final = (DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
"""A terminal or a device is misused for days or weeks: a month alone blurs when it began and ended."""
LABEL_DELAY_MS: Final = 7 * DAY_MS
"""Younger transactions are left out of a fraud rate: most have no label yet, and would look honest."""

_AMOUNT: Final = "transaction_amount_vnd"


def _short(column: str) -> str:
    return column.removeprefix("transaction_").removesuffix("_id")


def _window(
    entity: Entity,
    statistic: WindowStatistic,
    window_ms: int,
    column: str | None = None,
    *,
    delay_ms: int = 0,
) -> WindowFeature:
    """Return a feature whose name says what it is."""
    parts = [_short(entity), statistic, format_duration(window_ms)]
    if column:
        parts.insert(1, _short(column))
    if delay_ms:
        parts += ["delay", format_duration(delay_ms)]
    return WindowFeature(
        name="_".join(parts),
        entity=entity,
        statistic=statistic,
        column=column,
        window_ms=window_ms,
        delay_ms=delay_ms,
    )


def _row(name: str, statistic: TransactionStatistic, **operands: Any) -> TransactionFeature:  # noqa: ANN401 - checked by the model
    return TransactionFeature(name=name, entity="transaction", statistic=statistic, **operands)


def account_velocity() -> Iterable[Feature]:
    """Yield how often, how much and how evenly the account moves money."""
    for window_ms in VELOCITY_WINDOWS_MS:
        yield _window("account_id", "count", window_ms)
        for statistic in ("sum", "mean", "max", "std"):
            yield _window("account_id", statistic, window_ms, _AMOUNT)
    yield _window("account_id", "seconds_since_previous", 7 * DAY_MS)


def transaction_itself() -> Iterable[Feature]:
    """Yield the transaction's own numbers."""
    for column in (
        _AMOUNT,
        "transaction_fees_vnd",
        "biometric_failure_count",
        "total_loans_vnd",
        "num_transactions",
        "npl_flag",
    ):
        yield _row(column, "value", column=column)
    yield _row("fee_to_amount_ratio", "ratio", column="transaction_fees_vnd", denominator=_AMOUNT)
    yield _row("transaction_hour", "hour")


def signs_of_fraud_patterns() -> Iterable[Feature]:
    """Yield the signs that the product's fraud patterns name."""
    from_hour, to_hour = OFF_HOURS
    yield _row("off_hours_flag", "hour_between", from_hour=from_hour, to_hour=to_hour)
    yield _row("weekend_flag", "weekend")
    yield _row("high_amount_flag", "above", column=_AMOUNT, threshold=HIGH_AMOUNT_VND)
    yield _row(
        "high_frequency_flag", "above", of=("account_count_5m",), threshold=HIGH_FREQUENCY_PER_5_MINUTES
    )
    yield _row("new_device_flag", "starts_with", column="device_id", prefix=NEW_DEVICE_PREFIX)
    yield _row(
        "biometric_failures_flag", "at_least", column="biometric_failure_count", threshold=BIOMETRIC_FAILURES
    )
    yield _row("suspicious_device_flag", "any", of=("new_device_flag", "biometric_failures_flag"))


def own_history() -> Iterable[Feature]:
    """Yield the amount against the account's month before it."""
    for statistic in ("ratio_to_mean", "z_score"):
        yield _window("account_id", statistic, 30 * DAY_MS, _AMOUNT, delay_ms=OWN_HISTORY_DELAY_MS)


def devices() -> Iterable[Feature]:
    """Yield devices of the account, and accounts of the device: a takeover, and a farm of accounts."""
    for window_ms in (DAY_MS, 7 * DAY_MS):
        yield _window("account_id", "distinct", window_ms, "device_id")
        yield _window("device_id", "distinct", window_ms, "account_id")
    yield _window("device_id", "count", HOUR_MS)


def merchants() -> Iterable[Feature]:
    """Yield what comes in at the merchant, and from how many."""
    yield _window("merchant_id", "count", HOUR_MS)
    yield _window("merchant_id", "sum", HOUR_MS, _AMOUNT)
    yield _window("merchant_id", "distinct", HOUR_MS, "account_id")
    yield _window("merchant_id", "mean", 7 * DAY_MS, _AMOUNT)


def fan_in() -> Iterable[Feature]:
    """Yield what the receiver collects, and from how many: a mule account has many senders."""
    yield _window("counterparty_id", "count", DAY_MS)
    yield _window("counterparty_id", "sum", DAY_MS, _AMOUNT)
    yield _window("counterparty_id", "distinct", HOUR_MS, "account_id")
    yield _window("counterparty_id", "distinct", DAY_MS, "account_id")


def pairs_and_fan_out() -> Iterable[Feature]:
    """Yield whether the account knows this receiver or merchant, and how many receivers it has."""
    for column in ("counterparty_id", "merchant_id"):
        occurrences = _window("account_id", "occurrences", 30 * DAY_MS, column)
        yield occurrences
        # The transaction itself is one.
        yield _row(f"new_{_short(column)}_flag", "at_most", of=(occurrences.name,), threshold=1)
    yield _window("account_id", "distinct", DAY_MS, "counterparty_id")


def geography() -> Iterable[Feature]:
    """Yield where the account is seen: no traveller is in many cities, or faster than an aeroplane."""
    yield _window("account_id", "distinct", DAY_MS, "city")
    yield _window("account_id", "speed_kmh", DAY_MS)


def failures() -> Iterable[Feature]:
    """Yield what was refused before: someone tries a card, or a face."""
    yield _row("declined_flag", "equals", column="status", text="declined")
    for column in ("declined_flag", "biometric_failure_count"):
        for window_ms in (HOUR_MS, DAY_MS):
            yield _window("account_id", "sum", window_ms, column)


def structuring() -> Iterable[Feature]:
    """Yield amounts just below the one that must be reported."""
    low = STRUCTURING_SHARE * REPORTED_FROM_VND
    yield _row("structuring_flag", "between", column=_AMOUNT, low=low, high=REPORTED_FROM_VND)
    yield _window("account_id", "sum", DAY_MS, "structuring_flag")


def night_share() -> Iterable[Feature]:
    """Yield the share of the account's transactions that it makes at night."""
    yield _window("account_id", "mean", 7 * DAY_MS, "off_hours_flag")


def fraud_rates() -> Iterable[Feature]:
    """Yield the share of known frauds at what the account deals with; only of use with labels."""
    entities: tuple[Entity, ...] = ("device_id", "merchant_id", "counterparty_id")
    for entity in entities:
        for window_ms in FRAUD_RATE_WINDOWS_MS:
            yield _window(entity, "fraud_rate", window_ms, delay_ms=LABEL_DELAY_MS)


def built_in() -> Iterable[Feature]:
    """Yield all families that need no labels, what others refer to first."""
    yield from account_velocity()
    yield from transaction_itself()
    yield from signs_of_fraud_patterns()
    yield from own_history()
    yield from devices()
    yield from merchants()
    yield from fan_in()
    yield from pairs_and_fan_out()
    yield from geography()
    yield from failures()
    yield from structuring()
    yield from night_share()
