"""Valid specs, and the errors of invalid ones."""

import json

import pytest

from fraudstream.domain.catalogue import Catalogue, CatalogueError
from fraudstream.domain.transaction import COLUMN_KINDS
from tests.unit.domain.catalogue_specs import FLAG, Spec, catalogue, row, window

ENTITY = (
    "entity must be 'account_id', 'customer_id', 'device_id', 'merchant_id', 'counterparty_id' (a window) "
    "or 'transaction' (the transaction itself)"
)
WINDOW_STATISTICS = (
    "statistic: Input should be 'count', 'sum', 'mean', 'min', 'max', 'std', 'distinct', 'occurrences', "
    "'seconds_since_previous', 'ratio_to_mean', 'z_score', 'speed_kmh', 'fraud_rate' or 'last_n'"
)
ROW_STATISTICS = (
    "statistic: Input should be 'value', 'hour', 'hour_between', 'weekend', 'above', 'at_least', 'at_most', "
    "'between', 'equals', 'starts_with', 'code', 'ratio' or 'any'"
)
NUMBERS = (
    "transaction_amount_vnd, transaction_fees_vnd, latitude, longitude, biometric_failure_count, "
    "total_loans_vnd, num_transactions"
)
WRONG: list[tuple[Spec, str]] = [
    (window(name=None), "name: Field required"),
    (window(name=""), "name: String should have at least 1 character"),
    (
        row("hour", name="out_of_reach"),
        "name: 'out_of_reach' is reserved for the entities that have no features",
    ),
    (window(name="transaction_id"), "name: 'transaction_id' is reserved for the id of the transaction"),
    (row("hour", name="account_id"), "name: 'account_id' is reserved for the id of the transaction"),
    (row("hour", name="transaction_id"), "name: 'transaction_id' is reserved for the id of the transaction"),
    (window(entity=None), ENTITY),
    (window(entity="city"), ENTITY),
    (window(delay="366d"), "delay: 366d exceeds the maximum of 365d"),
    (window(statistic="median"), WINDOW_STATISTICS),
    (window(statistic="hour"), WINDOW_STATISTICS),
    (window(statistic=None), "statistic: Field required"),
    (window(surprise=1), "surprise: Extra inputs are not permitted"),
    (window(column="latitude"), "statistic count takes no column; omit column"),
    (window(statistic="seconds_since_previous", column="city"), "takes no column; omit column"),
    (window(statistic="speed_kmh", column="latitude"), "takes no column; omit column"),
    (window(statistic="fraud_rate", column="flag"), "takes no column; omit column"),
    (window(statistic="sum"), "statistic sum needs a column, like transaction_amount_vnd"),
    (window(statistic="min"), "statistic min needs a column, like transaction_amount_vnd"),
    (window(statistic="std"), "statistic std needs a column, like transaction_amount_vnd"),
    (window(statistic="ratio_to_mean"), "statistic ratio_to_mean needs a column, like"),
    (window(statistic="z_score"), "statistic z_score needs a column, like transaction_amount_vnd"),
    (window(statistic="distinct"), "statistic distinct needs a column"),
    (window(statistic="occurrences"), "statistic occurrences needs a column, like merchant_id"),
    (window(statistic="last_n", n=3), "statistic last_n needs a column, like transaction_amount_vnd"),
    (window(statistic="mean", column="city"), f"column 'city' can't be used here; use one of {NUMBERS}"),
    (
        window(statistic="max", column="npl_flag"),
        f"column 'npl_flag' can't be used here; use one of {NUMBERS}",
    ),
    (window(statistic="last_n", column="city", n=3), f"can't be used here; use one of {NUMBERS}"),
    (window(statistic="occurrences", column="latitude"), "can't be used here; use one of transaction_id"),
    (window(statistic="occurrences", column="flag"), "column 'flag' can't be used here; use one of"),
    (window(statistic="distinct", column="event_time"), "column 'event_time' can't be used here"),
    (
        window(statistic="last_n", column="latitude"),
        "last_n needs n, the number of transactions, from 1 to 64",
    ),
    (window(statistic="last_n", column="latitude", n=0), "n: Input should be greater than or equal to 1"),
    (window(statistic="last_n", column="latitude", n=65), "n: Input should be less than or equal to 64"),
    (window(n=3), "statistic count takes no n; omit n"),
    (window(window=None), "window: Field required"),
    (window(window="5 minutes"), "invalid duration '5 minutes': write a whole number and a unit"),
    (window(window="0s"), "window: Input should be greater than 0"),
    (window(window=-1), "window: Input should be greater than"),
    (window(window="366d"), "window: 366d exceeds the maximum of 365d"),
    (window(delay="soon"), "invalid duration 'soon'"),
    (window(delay=-1), "delay: Input should be greater than or equal to 0"),
    (row("sum", column="latitude"), ROW_STATISTICS),
    (row("value"), "statistic value takes column; given: nothing"),
    (row("value", column="city"), "column 'city' can't be used here; use one of"),
    (row("value", column="event_time"), "column 'event_time' can't be used here"),
    (row("value", column="flag"), "column 'flag' can't be used here"),
    (row("hour", column="latitude"), "statistic hour takes nothing; given: column"),
    (row("hour_between", from_hour=22), "statistic hour_between takes from_hour, to_hour; given: from_hour"),
    (row("hour_between", from_hour=24, to_hour=4), "from_hour: Input should be less than or equal to 23"),
    (row("hour_between", from_hour=0, to_hour=25), "to_hour: Input should be less than or equal to 24"),
    (row("above", column="latitude"), "takes column, threshold or of, threshold; given: column"),
    (row("above", column="city", threshold=1), "column 'city' can't be used here"),
    (row("at_least", of=["a", "b"], threshold=1), "statistic at_least takes one feature, but 'of' lists 2"),
    (row("at_most", of=["a", "b"], threshold=1), "statistic at_most takes one feature, but 'of' lists 2"),
    (row("at_most", column="latitude"), "takes column, threshold or of, threshold; given: column"),
    (row("at_most", of=["flag"], threshold="x"), "threshold: Input should be a valid number"),
    (
        row("between", column="latitude", low=1),
        "statistic between takes column, high, low; given: column, low",
    ),
    (row("between", column="npl_flag", low=0, high=1), "column 'npl_flag' can't be used here"),
    (row("between", column="latitude", low=2, high=2), "low 2 is not below high 2; give a low that is"),
    (row("between", of=["flag"], low=0, high=1), "takes column, high, low; given: high, low, of"),
    (row("equals", column="city"), "statistic equals takes column, text; given: column"),
    (row("equals", column="latitude", text="1"), "column 'latitude' can't be used here"),
    (row("equals", column="city", text=1), "text: Input should be a valid string"),
    (row("starts_with", column="latitude", prefix="1"), "column 'latitude' can't be used here"),
    (row("starts_with", column="city", prefix=""), "prefix: String should have at least 1 character"),
    (row("code", column="channel"), "statistic code takes column, values; given: column"),
    (row("code", column="channel", values=[]), "statistic code takes column, values; given: column"),
    (
        row("code", column="channel", values=["atm", "pos", "atm"]),
        "values has 'atm' twice; list each value",
    ),
    (row("code", column="latitude", values=["atm"]), "column 'latitude' can't be used here"),
    (row("code", column="channel", values=[1]), "values.0: Input should be a valid string"),
    (row("ratio", column="latitude"), "statistic ratio takes column, denominator; given: column"),
    (row("ratio", column="latitude", denominator="city"), "column 'city' can't be used here"),
    (row("any"), "statistic any takes of; given: nothing"),
    (row("any", of=["later"]), "'of' refers to 'later', which must come before it in the list"),
    (row("any", of=["f"]), "'of' refers to 'f', which must come before it in the list"),
]


@pytest.mark.parametrize(("spec", "remedy"), WRONG, ids=str)
def test_an_invalid_spec_is_rejected_with_its_name_and_the_fix(spec: Spec, remedy: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        catalogue(FLAG, spec)
    where = f"feature {spec['name']!r}" if spec.get("name") else "feature 2 of the list"
    assert str(refused.value).startswith(f"{where}: ")
    assert remedy in str(refused.value)


def test_a_spec_that_is_not_an_object_is_reported_by_its_index() -> None:
    with pytest.raises(CatalogueError, match="feature 2 of the list"):
        Catalogue.from_json(json.dumps({"features": [FLAG, "count"]}))


RIGHT: list[Spec] = [
    window(),
    window(delay="1h"),
    window(window=300_000),
    window(statistic="sum", column="transaction_amount_vnd", window="24h"),
    window(statistic="min", column="transaction_fees_vnd", entity="customer_id"),
    window(statistic="std", column="transaction_amount_vnd", entity="device_id"),
    window(statistic="ratio_to_mean", column="transaction_amount_vnd", delay="1ms"),
    window(statistic="z_score", column="transaction_amount_vnd", delay="1ms"),
    window(statistic="distinct", column="npl_flag", window="365d"),
    window(statistic="distinct", column="account_id", entity="merchant_id"),
    window(statistic="occurrences", column="merchant_id"),
    window(statistic="seconds_since_previous", window="1ms"),
    window(statistic="speed_kmh", entity="device_id"),
    window(statistic="fraud_rate", entity="counterparty_id", window="30d", delay="7d"),
    window(statistic="last_n", column="latitude", n=1),
    window(statistic="last_n", column="flag", n=64),
    window(statistic="sum", column="flag"),
    window(statistic="mean", column="flag"),
    window(statistic="distinct", column="flag"),
    row("value", column="npl_flag"),
    row("hour"),
    row("hour_between", from_hour=0, to_hour=24),
    row("weekend"),
    row("above", column="latitude", threshold=0),
    row("at_least", of=["flag"], threshold=-1.5),
    row("at_most", column="latitude", threshold=0),
    row("at_most", of=["flag"], threshold=1),
    row("between", column="latitude", low=0, high=0.5),
    row("equals", column="status", text="declined"),
    row("equals", column="city", text=""),
    row("starts_with", column="city", prefix="Hà "),
    row("code", column="channel", values=["atm", "mobile"]),
    row("ratio", column="transaction_fees_vnd", denominator="transaction_amount_vnd"),
    row("any", of=["flag"]),
]


@pytest.mark.parametrize("spec", RIGHT, ids=str)
def test_a_catalogue_survives_a_json_round_trip(spec: Spec) -> None:
    one = catalogue(FLAG, spec)
    again = Catalogue.from_json(one.to_json())
    assert again == one
    assert again.version == one.version


@pytest.mark.parametrize("spec", RIGHT, ids=str)
def test_the_json_form_of_a_spec_is_the_spec(spec: Spec) -> None:
    written = json.loads(catalogue(FLAG, spec).to_json())["features"][1]
    assert written == spec | ({"window": "5m"} if spec.get("window") == 300_000 else {})


def test_the_json_form_has_what_the_kernel_needs_and_no_defaults() -> None:
    one = catalogue(window(window="86400000ms", delay="60s"), FLAG, row("any", of=["flag"], name="g"))
    assert json.loads(one.to_json()) == {
        "features": [
            {
                "name": "f",
                "entity": "account_id",
                "statistic": "count",
                "window": "24h",
                "delay": "1m",
            },
            {"name": "flag", "entity": "transaction", "statistic": "weekend"},
            {"name": "g", "entity": "transaction", "statistic": "any", "of": ["flag"]},
        ]
    }


def test_zeros_differ_from_defaults_and_stay_in_the_json_form() -> None:
    specs = [
        row("hour_between", from_hour=0, to_hour=0),
        row("above", column="latitude", threshold=0),
        row("between", column="latitude", low=0, high=1),
        row("between", column="latitude", low=-1, high=0),
    ]
    for spec in specs:
        assert json.loads(catalogue(spec).to_json())["features"] == [spec]


def test_flags_are_the_features_that_are_true_or_false() -> None:
    one = catalogue(
        window(),
        FLAG,
        row("value", column="npl_flag", name="npl"),
        row("value", column="latitude", name="number"),
        row("hour", name="hour"),
        row("hour_between", from_hour=1, to_hour=2, name="hour_between"),
        row("above", column="latitude", threshold=0, name="above"),
        row("at_least", column="latitude", threshold=0, name="at_least"),
        row("at_most", column="latitude", threshold=0, name="at_most"),
        row("between", column="latitude", low=0, high=1, name="between"),
        row("equals", column="city", text="Huế", name="equals"),
        row("starts_with", column="city", prefix="H", name="starts_with"),
        row("code", column="city", values=["Huế"], name="code"),
        row("ratio", column="latitude", denominator="longitude", name="ratio"),
        row("any", of=["flag"], name="any"),
        window(statistic="sum", column="flag", name="sum"),
    )
    assert one.flags == (
        *("flag", "npl", "hour_between", "above", "at_least", "at_most", "between", "equals"),
        *("starts_with", "any"),
    )


def test_no_feature_can_read_the_label() -> None:
    assert not {"is_fraud", "fraud_type", "available_at"} & set(COLUMN_KINDS)
