import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from fraudstream.catalogue import (
    BUILT_IN,
    Catalogue,
    CatalogueError,
    TransactionFeature,
    WindowFeature,
)
from fraudstream.transaction import COLUMN_KINDS

Spec = dict[str, Any]


def window(**changes: Any) -> Spec:  # noqa: ANN401 - any JSON
    spec = {"name": "f", "entity": "account_id", "statistic": "count", "window": "5m"} | changes
    return {key: value for key, value in spec.items() if value is not None}


def row(statistic: str, **operands: Any) -> Spec:  # noqa: ANN401 - any JSON
    return {"name": "f", "entity": "transaction", "statistic": statistic} | operands


def catalogue(*specs: Spec) -> Catalogue:
    return Catalogue.from_json(json.dumps({"features": specs}))


FLAG = {"name": "flag", "entity": "transaction", "statistic": "weekend"}

WRONG: list[tuple[Spec, str]] = [
    (window(name=None), "feature 1 of the list: name: Field required"),
    (window(name=""), "feature 1 of the list: name: String should have at least 1 character"),
    (window(entity=None), "entity must be 'account_id' (a window) or 'transaction'"),
    (window(entity="device_id"), "entity must be 'account_id' (a window) or 'transaction'"),
    (window(statistic="median"), "statistic: Input should be 'count', 'sum', 'mean'"),
    (window(statistic="hour"), "statistic: Input should be 'count', 'sum', 'mean'"),
    (window(surprise=1), "surprise: Extra inputs are not permitted"),
    (window(column="latitude"), "statistic count looks at whole transactions; leave column out"),
    (window(statistic="seconds_since_previous", column="city"), "whole transactions; leave column out"),
    (window(statistic="sum"), "statistic sum needs a column, like transaction_amount_vnd"),
    (window(statistic="distinct"), "statistic distinct needs a column"),
    (window(statistic="sum", column="colour"), "column 'colour' can't be used here; use one of"),
    (window(statistic="mean", column="city"), "column 'city' can't be used here; use one of"),
    (window(statistic="max", column="npl_flag"), "column 'npl_flag' can't be used here; use one of"),
    (window(statistic="distinct", column="event_time"), "column 'event_time' can't be used here"),
    (window(window=None), "window: Field required"),
    (window(window="5 minutes"), "'5 minutes' is not a duration; write a whole number and a unit"),
    (window(window="0s"), "window: Input should be greater than 0"),
    (window(window=-1), "window: Input should be greater than"),
    (window(window="366d"), "window: Input should be less than or equal to"),
    (window(delay="soon"), "'soon' is not a duration"),
    (window(delay=-1), "delay: Input should be greater than or equal to 0"),
    (row("sum", column="latitude"), "statistic: Input should be 'value', 'hour'"),
    (row("value"), "statistic value takes column; given: nothing"),
    (row("value", column="city"), "column 'city' can't be used here; use one of"),
    (row("value", column="event_time"), "column 'event_time' can't be used here"),
    (row("hour", column="latitude"), "statistic hour takes nothing; given: column"),
    (row("hour_between", from_hour=22), "statistic hour_between takes from_hour, to_hour; given: from_hour"),
    (row("hour_between", from_hour=24, to_hour=4), "from_hour: Input should be less than or equal to 23"),
    (row("hour_between", from_hour=0, to_hour=25), "to_hour: Input should be less than or equal to 24"),
    (row("above", column="latitude"), "takes column, threshold or of, threshold; given: column"),
    (row("above", column="city", threshold=1), "column 'city' can't be used here"),
    (row("at_least", of=["a", "b"], threshold=1), "statistic at_least compares one feature; of names 2"),
    (row("starts_with", column="latitude", prefix="1"), "column 'latitude' can't be used here"),
    (row("starts_with", column="city", prefix=""), "prefix: String should have at least 1 character"),
    (row("ratio", column="latitude"), "statistic ratio takes column, denominator; given: column"),
    (row("ratio", column="latitude", denominator="city"), "column 'city' can't be used here"),
    (row("any"), "statistic any takes of; given: nothing"),
    (row("any", of=["later"]), "of names 'later', which must come before it in the list"),
    (row("any", of=["f"]), "of names 'f', which must come before it in the list"),
]


@pytest.mark.parametrize(("spec", "remedy"), WRONG, ids=[remedy for _, remedy in WRONG])
def test_a_wrong_spec_is_refused_with_its_name_and_the_remedy(spec: Spec, remedy: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        catalogue(FLAG, spec)
    where = "feature 'f'" if spec.get("name") else "feature 2 of the list"
    assert str(refused.value).startswith(f"{where}: ")
    assert remedy.removeprefix("feature 1 of the list: ") in str(refused.value)


def test_a_spec_that_is_no_object_is_named_by_its_place() -> None:
    with pytest.raises(CatalogueError, match="feature 2 of the list"):
        Catalogue.from_json(json.dumps({"features": [FLAG, "count"]}))


def test_two_features_of_one_name_are_refused() -> None:
    with pytest.raises(CatalogueError, match="feature 'f' is there twice; give each its own name"):
        catalogue(window(), window(window="1h"))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "a catalogue is JSON like"),
        ("[]", "a catalogue is JSON like"),
        ("{}", "a catalogue is JSON like"),
        ('{"features": {}}', "features must be a list, not dict"),
        ('{"features": []}', "the catalogue has no feature; give at least one"),
    ],
)
def test_what_is_no_catalogue_is_refused(text: str, remedy: str) -> None:
    with pytest.raises(CatalogueError, match=remedy):
        Catalogue.from_json(text)


RIGHT: list[Spec] = [
    window(),
    window(delay="1h"),
    window(window=300_000),
    window(statistic="sum", column="transaction_amount_vnd", window="24h"),
    window(statistic="distinct", column="npl_flag", window="365d"),
    window(statistic="seconds_since_previous", window="1ms"),
    row("value", column="npl_flag"),
    row("hour"),
    row("hour_between", from_hour=0, to_hour=24),
    row("weekend"),
    row("above", column="latitude", threshold=0),
    row("at_least", of=["flag"], threshold=-1.5),
    row("starts_with", column="city", prefix="Hà "),
    row("ratio", column="transaction_fees_vnd", denominator="transaction_amount_vnd"),
    row("any", of=["flag"]),
]


@pytest.mark.parametrize("spec", RIGHT, ids=str)
def test_a_catalogue_comes_back_from_json_as_it_was(spec: Spec) -> None:
    one = catalogue(FLAG, spec)
    again = Catalogue.from_json(one.to_json())
    assert again == one
    assert again.version == one.version


def test_the_json_form_holds_what_the_kernel_needs_and_no_defaults() -> None:
    one = catalogue(window(window="86400000ms", delay="60s"), FLAG, row("any", of=["flag"]) | {"name": "g"})
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


def test_zeros_are_no_defaults_and_stay_in_the_json_form() -> None:
    specs = [row("hour_between", from_hour=0, to_hour=0), row("above", column="latitude", threshold=0)]
    for spec in specs:
        assert json.loads(catalogue(spec).to_json())["features"] == [spec]


def test_the_version_changes_with_any_change_of_the_list() -> None:
    base = [window(), row("above", column="latitude", threshold=1) | {"name": "g"}]
    changed = [
        base,
        base[:1],
        base[::-1],
        [window(name="h"), base[1]],
        [window(window="6m"), base[1]],
        [window(delay="1ms"), base[1]],
        [window(statistic="seconds_since_previous"), base[1]],
        [base[0], base[1] | {"threshold": 2}],
        [base[0], base[1] | {"column": "longitude"}],
        [base[0], base[1] | {"statistic": "at_least"}],
    ]
    assert len({catalogue(*specs).version for specs in changed}) == len(changed)


def test_the_version_does_not_depend_on_how_a_duration_is_written() -> None:
    assert catalogue(window(window="60m")).version == catalogue(window(window="1h")).version


def test_a_meaning_leaves_the_name_out_and_spells_out_what_it_refers_to() -> None:
    one = catalogue(window(), row("above", of=["f"], threshold=15) | {"name": "g"})
    assert one.meaning("f") == {"entity": "account_id", "statistic": "count", "window": "5m"}
    assert one.meaning("g") == {
        "entity": "transaction",
        "statistic": "above",
        "of": [{"entity": "account_id", "statistic": "count", "window": "5m"}],
        "threshold": 15,
    }


def test_a_meaning_changes_with_that_of_the_feature_it_refers_to() -> None:
    above = row("above", of=["f"], threshold=15) | {"name": "g"}
    assert catalogue(window(), above).meaning("g") != catalogue(window(window="6m"), above).meaning("g")


def test_the_reach_is_that_of_the_longest_window_with_its_delay() -> None:
    one = catalogue(window(window="1h"), window(name="g", window="30m", delay="31m"))
    assert one.reach_ms == 61 * 60_000
    assert catalogue(FLAG).reach_ms == 0


def test_flags_are_what_says_yes_or_no() -> None:
    one = catalogue(
        window(), FLAG, row("value", column="npl_flag") | {"name": "npl"}, row("hour") | {"name": "hour"}
    )
    assert one.flags == ("flag", "npl")


def test_a_file_is_read_and_no_file_is_the_projects_own(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(catalogue(window()).to_json())
    assert Catalogue.load(path).names == ("f",)
    assert Catalogue.load(None) is BUILT_IN


# ---- the catalogue of the project ----


def test_the_built_in_windows_are_four_statistics_over_four_windows_and_two_more() -> None:
    amounts = [
        f"account_amount_vnd_{statistic}_{window}"
        for statistic, window in itertools.product(("sum", "mean", "max"), ("5m", "1h", "24h", "7d"))
    ]
    counts = [f"account_count_{window}" for window in ("5m", "1h", "24h", "7d")]
    windows = {feature.name for feature in BUILT_IN.features if isinstance(feature, WindowFeature)}
    assert windows == {
        *amounts,
        *counts,
        "account_seconds_since_previous_7d",
        "account_device_distinct_24h",
    }


def test_the_built_in_names_say_what_the_features_are() -> None:
    assert BUILT_IN.meaning("account_amount_vnd_mean_24h") == {
        "entity": "account_id",
        "statistic": "mean",
        "column": "transaction_amount_vnd",
        "window": "24h",
    }
    assert BUILT_IN.meaning("account_device_distinct_24h") == {
        "entity": "account_id",
        "statistic": "distinct",
        "column": "device_id",
        "window": "24h",
    }
    for feature in BUILT_IN.features:
        if isinstance(feature, WindowFeature):
            spec = feature.to_json()
            assert feature.name.startswith("account_")
            assert feature.name.endswith(f"{spec['statistic']}_{spec['window']}")


def test_the_built_in_features_of_the_transaction_itself() -> None:
    own = [feature.name for feature in BUILT_IN.features if isinstance(feature, TransactionFeature)]
    assert own == [
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
    ]
    assert BUILT_IN.flags == ("npl_flag", *own[8:])


def test_the_built_in_catalogue_reaches_seven_days_back_and_comes_back_from_json() -> None:
    assert BUILT_IN.reach_ms == 7 * 86_400_000
    assert Catalogue.from_json(BUILT_IN.to_json()) == BUILT_IN


def test_no_feature_can_see_the_truth() -> None:
    assert not {"is_fraud", "fraud_type", "available_at"} & set(COLUMN_KINDS)
