"""Built-in features, one family per generator. Add a line here to add a feature.

The name of a window feature is derived from its definition: entity, column, statistic, window, and the delay
if there is one.
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
"""In the product's fraud patterns, money laundering moves amounts above this."""
HIGH_FREQUENCY_PER_5_MINUTES: Final = 15
"""More transactions than this within five minutes are a sign of money laundering."""
OFF_HOURS: Final = (22, 4)
"""Start hour (inclusive) and end hour (exclusive) in Vietnam; the patterns name hours 22, 23, 24, 1, 2, 3."""
NEW_DEVICE_PREFIX: Final = "DEV_NEW_9"
"""Prefix of the device ids in account takeovers."""
BIOMETRIC_FAILURES: Final = 3
"""An account takeover has at least this many failed biometric checks."""
REPORTED_FROM_VND: Final = 400_000_000
"""A transaction of this amount or more must be reported to the State Bank of Vietnam: Decision
11/2023/QD-TTg of the Prime Minister, article 3, in force since 2023-12-01."""
STRUCTURING_SHARE: Final = 0.9
"""Structuring: amounts from this share of the reporting threshold up to just below the threshold look split
to stay unreported. The margin of a tenth is this project's choice."""
VELOCITY_WINDOWS_MS: Final = (5 * MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
OWN_HISTORY_DELAY_MS: Final = 1
"""The shortest delay: it excludes the transaction itself from the history that it is compared with."""
FRAUD_RATE_WINDOWS_MS: Final = (DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
"""A terminal or a device is misused for days or weeks: a window of a month alone would blur start and end."""
LABEL_DELAY_MS: Final = 7 * DAY_MS
"""Delay of fraud rates: most transactions younger than this have no label yet and would count as honest."""
SEGMENTS: Final = ("mass", "affluent", "private", "business")
"""Segments of the simulated bank, in the order of their codes; a bank with others writes features of its own.
"""
LOW_KYC_LEVEL: Final = 1
"""Customers known by documents that they uploaded, or not at all."""
NEW_CUSTOMER_DAYS: Final = 30
"""Mule accounts are often opened for the purpose, within weeks."""

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
    """Return a window feature with a name derived from its definition."""
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
    """Yield the account's velocity: number and amounts of its transactions, and the time between them."""
    for window_ms in VELOCITY_WINDOWS_MS:
        yield _window("account_id", "count", window_ms)
        for statistic in ("sum", "mean", "max", "std"):
            yield _window("account_id", statistic, window_ms, _AMOUNT)
    yield _window("account_id", "seconds_since_previous", 7 * DAY_MS)


def transaction_itself() -> Iterable[Feature]:
    """Yield numbers of the transaction itself."""
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
    """Yield comparisons of the amount with the account's previous 30 days."""
    for statistic in ("ratio_to_mean", "z_score"):
        yield _window("account_id", statistic, 30 * DAY_MS, _AMOUNT, delay_ms=OWN_HISTORY_DELAY_MS)


def devices() -> Iterable[Feature]:
    """Yield devices per account (a sign of takeover) and accounts per device (a sign of an account farm)."""
    for window_ms in (DAY_MS, 7 * DAY_MS):
        yield _window("account_id", "distinct", window_ms, "device_id")
        yield _window("device_id", "distinct", window_ms, "account_id")
    yield _window("device_id", "count", HOUR_MS)


def merchants() -> Iterable[Feature]:
    """Yield the number, amounts and paying accounts of the merchant's transactions."""
    yield _window("merchant_id", "count", HOUR_MS)
    yield _window("merchant_id", "sum", HOUR_MS, _AMOUNT)
    yield _window("merchant_id", "distinct", HOUR_MS, "account_id")
    yield _window("merchant_id", "mean", 7 * DAY_MS, _AMOUNT)


def fan_in() -> Iterable[Feature]:
    """Yield the number, sum and senders of the receiver's transactions: a mule account has many senders."""
    yield _window("counterparty_id", "count", DAY_MS)
    yield _window("counterparty_id", "sum", DAY_MS, _AMOUNT)
    yield _window("counterparty_id", "distinct", HOUR_MS, "account_id")
    yield _window("counterparty_id", "distinct", DAY_MS, "account_id")


def pairs_and_fan_out() -> Iterable[Feature]:
    """Yield whether the account knows this receiver or merchant, and the number of its receivers."""
    for column in ("counterparty_id", "merchant_id"):
        occurrences = _window("account_id", "occurrences", 30 * DAY_MS, column)
        yield occurrences
        # The window includes the transaction itself.
        yield _row(f"new_{_short(column)}_flag", "at_most", of=(occurrences.name,), threshold=1)
    yield _window("account_id", "distinct", DAY_MS, "counterparty_id")


def geography() -> Iterable[Feature]:
    """Yield the account's cities and travel speed: no traveller is in many cities or outruns an aeroplane."""
    yield _window("account_id", "distinct", DAY_MS, "city")
    yield _window("account_id", "speed_kmh", DAY_MS)


def failures() -> Iterable[Feature]:
    """Yield earlier declines and failed biometric checks: signs of someone testing a card or a face."""
    yield _row("declined_flag", "equals", column="status", text="declined")
    for column in ("declined_flag", "biometric_failure_count"):
        for window_ms in (HOUR_MS, DAY_MS):
            yield _window("account_id", "sum", window_ms, column)


def structuring() -> Iterable[Feature]:
    """Yield signs of amounts just below the reporting threshold."""
    low = STRUCTURING_SHARE * REPORTED_FROM_VND
    yield _row("structuring_flag", "between", column=_AMOUNT, low=low, high=REPORTED_FROM_VND)
    yield _window("account_id", "sum", DAY_MS, "structuring_flag")


def night_share() -> Iterable[Feature]:
    """Yield the share of the account's transactions that are made at night."""
    yield _window("account_id", "mean", 7 * DAY_MS, "off_hours_flag")


def fraud_rates() -> Iterable[Feature]:
    """Yield the share of known fraud at the device, merchant and counterparty; only useful with labels."""
    entities: tuple[Entity, ...] = ("device_id", "merchant_id", "counterparty_id")
    for entity in entities:
        for window_ms in FRAUD_RATE_WINDOWS_MS:
            yield _window(entity, "fraud_rate", window_ms, delay_ms=LABEL_DELAY_MS)


def customer_metadata() -> Iterable[Feature]:
    """Yield what the bank knows of the customer; only useful in jobs with customer metadata."""
    yield _row("customer_kyc_level", "value", column="customer_kyc_level")
    yield _row("customer_relationship_days", "value", column="customer_relationship_days")
    yield _row("customer_segment_code", "code", column="customer_segment", values=SEGMENTS)
    yield _row("low_kyc_flag", "at_most", column="customer_kyc_level", threshold=LOW_KYC_LEVEL)
    yield _row(
        "new_customer_flag", "at_most", column="customer_relationship_days", threshold=NEW_CUSTOMER_DAYS
    )
    yield _window("counterparty_id", "mean", DAY_MS, "new_customer_flag")


def built_in() -> Iterable[Feature]:
    """Yield all families that need no labels; a feature comes before those that refer to it."""
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
