"""The catalogue of the project."""

import itertools
from typing import Any

import pytest

from fraudstream.domain.catalogue import (
    BUILT_IN,
    BUILT_IN_WITH_LABELS,
    ENTITIES,
    Catalogue,
    TransactionFeature,
    WindowFeature,
)
from fraudstream.domain.families import REPORTED_FROM_VND

DAY_MS = 86_400_000

WINDOWS = {
    *(f"account_count_{window}" for window in ("5m", "1h", "24h", "7d", "30d")),
    *(
        f"account_amount_vnd_{statistic}_{window}"
        for statistic, window in itertools.product(
            ("sum", "mean", "max", "std"), ("5m", "1h", "24h", "7d", "30d")
        )
    ),
    "account_seconds_since_previous_7d",
    "account_amount_vnd_ratio_to_mean_30d_delay_1ms",
    "account_amount_vnd_z_score_30d_delay_1ms",
    "account_device_distinct_24h",
    "account_device_distinct_7d",
    "device_account_distinct_24h",
    "device_account_distinct_7d",
    "device_count_1h",
    "merchant_count_1h",
    "merchant_amount_vnd_sum_1h",
    "merchant_account_distinct_1h",
    "merchant_amount_vnd_mean_7d",
    "counterparty_count_24h",
    "counterparty_amount_vnd_sum_24h",
    "counterparty_account_distinct_1h",
    "counterparty_account_distinct_24h",
    "account_counterparty_occurrences_30d",
    "account_merchant_occurrences_30d",
    "account_counterparty_distinct_24h",
    "account_city_distinct_24h",
    "account_speed_kmh_24h",
    "account_declined_flag_sum_1h",
    "account_declined_flag_sum_24h",
    "account_biometric_failure_count_sum_1h",
    "account_biometric_failure_count_sum_24h",
    "account_structuring_flag_sum_24h",
    "account_off_hours_flag_mean_7d",
}
OWN = [
    "transaction_amount_vnd",
    "transaction_fees_vnd",
    "biometric_failure_count",
    "total_loans_vnd",
    "num_transactions",
    "npl_flag",
    "fee_to_amount_ratio",
    "transaction_hour",
    "off_hours_flag",
    "weekend_flag",
    "high_amount_flag",
    "high_frequency_flag",
    "new_device_flag",
    "biometric_failures_flag",
    "suspicious_device_flag",
    "new_counterparty_flag",
    "new_merchant_flag",
    "declined_flag",
    "structuring_flag",
]


def windows(catalogue: Catalogue) -> set[str]:
    return {feature.name for feature in catalogue.features if isinstance(feature, WindowFeature)}


def test_the_built_in_windows() -> None:
    assert windows(BUILT_IN) == WINDOWS


def test_the_built_in_features_of_the_transaction_itself() -> None:
    own = [feature.name for feature in BUILT_IN.features if isinstance(feature, TransactionFeature)]
    assert own == OWN
    assert BUILT_IN.flags == ("npl_flag", *own[8:])


def test_there_are_enough_features_for_a_model_and_each_is_one_number() -> None:
    assert 65 <= len(BUILT_IN.names) <= 75
    assert BUILT_IN.width == len(BUILT_IN.names)


@pytest.mark.parametrize("feature", BUILT_IN_WITH_LABELS.windows, ids=lambda feature: feature.name)
def test_a_window_name_has_entity_column_statistic_window_and_delay(feature: WindowFeature) -> None:
    spec = feature.to_json()
    entity = spec["entity"].removesuffix("_id")
    column = spec.get("column", "").removeprefix("transaction_").removesuffix("_id")
    delay = f"delay_{spec['delay']}" if "delay" in spec else ""
    parts = [entity, column, spec["statistic"], spec["window"], delay]
    assert feature.name == "_".join(part for part in parts if part)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        (
            "account_amount_vnd_mean_24h",
            {
                "entity": "account_id",
                "statistic": "mean",
                "column": "transaction_amount_vnd",
                "window": "24h",
            },
        ),
        (
            "account_amount_vnd_z_score_30d_delay_1ms",
            {
                "entity": "account_id",
                "statistic": "z_score",
                "column": "transaction_amount_vnd",
                "window": "30d",
                "delay": "1ms",
            },
        ),
        (
            "counterparty_account_distinct_1h",
            {"entity": "counterparty_id", "statistic": "distinct", "column": "account_id", "window": "1h"},
        ),
        (
            "new_merchant_flag",
            {
                "entity": "transaction",
                "statistic": "at_most",
                "of": [
                    {
                        "entity": "account_id",
                        "statistic": "occurrences",
                        "column": "merchant_id",
                        "window": "30d",
                    }
                ],
                "threshold": 1,
            },
        ),
        (
            "account_declined_flag_sum_1h",
            {
                "entity": "account_id",
                "statistic": "sum",
                "column": {
                    "entity": "transaction",
                    "statistic": "equals",
                    "column": "status",
                    "text": "declined",
                },
                "window": "1h",
            },
        ),
        (
            "structuring_flag",
            {
                "entity": "transaction",
                "statistic": "between",
                "column": "transaction_amount_vnd",
                "low": 360_000_000,
                "high": REPORTED_FROM_VND,
            },
        ),
    ],
)
def test_the_built_in_names_describe_the_features(name: str, meaning: dict[str, Any]) -> None:
    assert BUILT_IN.meaning(name) == meaning


def test_only_the_entities_of_the_built_in_windows_have_a_step() -> None:
    assert BUILT_IN.entities == ("account_id", "device_id", "merchant_id", "counterparty_id")
    assert "customer_id" in ENTITIES


def test_the_built_in_catalogue_reaches_a_month_and_a_millisecond_back() -> None:
    assert BUILT_IN.reach_ms == 30 * DAY_MS + 1
    reaches_days = {entity: BUILT_IN.reach_ms_of(entity) // DAY_MS for entity in BUILT_IN.entities}
    assert reaches_days == {"account_id": 30, "device_id": 7, "merchant_id": 7, "counterparty_id": 1}


def test_labels_add_fraud_rates_of_a_day_a_week_and_a_month_after_the_same_features() -> None:
    rates = [
        f"{entity}_fraud_rate_{window}_delay_7d"
        for entity in ("device", "merchant", "counterparty")
        for window in ("24h", "7d", "30d")
    ]
    assert BUILT_IN_WITH_LABELS.names == (*BUILT_IN.names, *rates)
    assert BUILT_IN_WITH_LABELS.reach_ms == 37 * DAY_MS


def test_without_labels_no_feature_needs_one_and_none_is_a_list() -> None:
    statistics = {feature.statistic for feature in BUILT_IN.windows}
    assert not statistics & {"fraud_rate", "last_n"}


@pytest.mark.parametrize("catalogue", [BUILT_IN, BUILT_IN_WITH_LABELS])
def test_the_built_in_catalogues_survive_a_json_round_trip(catalogue: Catalogue) -> None:
    assert Catalogue.from_json(catalogue.to_json()) == catalogue
