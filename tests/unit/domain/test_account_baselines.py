"""The account's baseline of a feature follows from other features of the vector.

the longest window    |-----------------------------------------|
the feature's own                                     |---------|
the baseline          |-- the rest, scaled by time --|         t
"""

from math import isnan, nan

import pytest

from fraudstream.domain.baseline import MIN_TRANSACTIONS, account_baselines
from fraudstream.domain.catalogue import BUILT_IN, Catalogue, Feature, TransactionFeature, WindowFeature
from fraudstream.domain.duration import DAY_MS, HOUR_MS
from fraudstream.domain.features import Entity, WindowStatistic


def window(
    statistic: WindowStatistic, window_ms: int, entity: Entity = "account_id", **more: object
) -> WindowFeature:
    column = None if statistic in {"count", "seconds_since_previous"} else "transaction_fees_vnd"
    spec = {"entity": entity, "statistic": statistic, "column": column, "window": window_ms, **more}
    return WindowFeature.model_validate({"name": str(sorted(spec.items(), key=str)), **spec})


AMOUNT = "transaction_amount_vnd"
FEE = TransactionFeature(name="fee", entity="transaction", statistic="value", column="transaction_fees_vnd")
WEEKEND = TransactionFeature(name="weekend", entity="transaction", statistic="weekend")
HOUR, DAY = window("count", HOUR_MS), window("count", DAY_MS)
SUM_HOUR, SUM_DAY = window("sum", HOUR_MS), window("sum", DAY_MS)
PREVIOUS = window("seconds_since_previous", DAY_MS)


@pytest.mark.parametrize(
    ("features", "vector", "expected"),
    [
        # The transaction itself and one per hour of the 23 others in the other 23 hours; one in 2 hours.
        ([DAY, HOUR], [25, 2], 2.0),
        ([DAY, window("count", 6 * HOUR_MS)], [11, 2], 4.0),
        # The longest of several longer windows.
        ([window("count", 2 * HOUR_MS), window("count", 5 * HOUR_MS), HOUR], [1, 9, 1], 3.0),
        # Three other transactions are enough for a baseline, two are not; a null has none.
        ([window("count", 4 * HOUR_MS), HOUR], [8, 5], 2.0),
        ([window("count", 4 * HOUR_MS), HOUR], [7, 5], nan),
        ([window("count", 4 * HOUR_MS), HOUR], [nan, 5], nan),
        # 230 of 23 others: 10 of the transaction itself, and 10 an hour.
        ([DAY, HOUR, SUM_DAY, SUM_HOUR], [30, 7, 240, 10], 20.0),
        ([DAY, HOUR, SUM_DAY, SUM_HOUR], [10, 7, 79, 10], 26.0),
        ([DAY, HOUR, SUM_DAY, SUM_HOUR], [9, 7, 240, 10], nan),
        ([DAY, HOUR, SUM_DAY, SUM_HOUR], [nan, 7, 240, 10], nan),
        # Without counts of the same windows, a sum's share of the transaction is unknown.
        ([DAY, SUM_DAY, SUM_HOUR], [30, 240, 10], nan),
        ([HOUR, SUM_DAY, SUM_HOUR], [7, 240, 10], nan),
        ([DAY, window("count", HOUR_MS, delay=1), SUM_DAY, SUM_HOUR], [30, 7, 240, 10], nan),
        # No longer window: only one of another entity, column, or statistic.
        ([HOUR], [5], nan),
        ([HOUR, DAY], [5, 9], nan),
        ([window("count", DAY_MS, "device_id"), HOUR], [25, 2], nan),
        ([DAY, window("count", HOUR_MS, "device_id")], [25, 2], nan),
        ([DAY, HOUR, window("sum", DAY_MS, column=AMOUNT), SUM_HOUR], [30, 7, 240, 10], nan),
        ([DAY, HOUR, window("max", DAY_MS), SUM_HOUR], [30, 7, 240, 10], nan),
        ([DAY, HOUR, window("max", DAY_MS), window("max", HOUR_MS)], [30, 7, 240, 10], nan),
        # Delayed windows do not contain the transaction itself.
        ([DAY, window("count", HOUR_MS, delay=1)], [25, 2], nan),
        ([DAY, HOUR, window("sum", DAY_MS, delay=1), SUM_HOUR], [30, 7, 240, 10], nan),
        # A mean: the mean of the longest window.
        ([window("mean", DAY_MS), window("mean", HOUR_MS)], [4, 10], 4.0),
        ([window("mean", HOUR_MS), window("mean", DAY_MS)], [10, 4], nan),
        # The time between transactions: an hour divided by four transactions, the minimum for a baseline.
        ([HOUR, PREVIOUS], [4, 3], 900.0),
        ([HOUR, PREVIOUS], [3, 3], nan),
        ([HOUR, window("seconds_since_previous", DAY_MS, "device_id")], [4, 3], nan),
        # A value: derived from its ratio to the mean, otherwise the mean.
        ([window("mean", DAY_MS), window("ratio_to_mean", DAY_MS), FEE], [7, 1.5, 30], 20.0),
        ([window("mean", DAY_MS), window("ratio_to_mean", DAY_MS), FEE], [7, 0, 30], nan),
        ([window("mean", HOUR_MS), window("mean", DAY_MS), FEE], [7, 8, 30], 8.0),
        ([window("mean", DAY_MS, "device_id"), FEE], [7, 30], nan),
        ([FEE], [30], nan),
    ],
)
def test_the_accounts_baseline_of_the_last_feature(
    features: list[Feature], vector: list[float], expected: float
) -> None:
    known = account_baselines(Catalogue(tuple(features)))[-1]
    assert known.of(vector) == pytest.approx(expected, nan_ok=True)
    assert MIN_TRANSACTIONS == 3


@pytest.mark.parametrize(("statistic", "expected"), [("mean", 0.25), ("ratio_to_mean", nan)])
def test_the_baseline_of_a_flag_is_its_share(statistic: WindowStatistic, expected: float) -> None:
    catalogue = Catalogue((WEEKEND, window(statistic, DAY_MS, column="weekend")))
    assert account_baselines(catalogue)[0].of([1, 0.25]) == pytest.approx(expected, nan_ok=True)


def test_the_projects_catalogue_has_baselines_for_the_features_that_analysts_read_first() -> None:
    vector = [10.0 * (place + 1) for place in range(BUILT_IN.width)]
    baselines = zip(BUILT_IN.names, account_baselines(BUILT_IN), strict=True)
    known = {name for name, of in baselines if not isnan(of.of(vector))}
    assert known >= {
        "transaction_amount_vnd",
        "account_count_5m",
        "account_count_24h",
        "account_amount_vnd_sum_1h",
        "account_amount_vnd_mean_7d",
        "account_seconds_since_previous_7d",
        "off_hours_flag",
    }
    assert not known & {"account_count_30d", "merchant_count_1h", "total_loans_vnd", "npl_flag"}
