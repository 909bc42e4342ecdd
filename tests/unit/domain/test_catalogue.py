"""Checks that need the whole catalogue: names, order, positions, meanings, reach."""

import re
from pathlib import Path

import pytest

from fraudstream.domain.catalogue import BUILT_IN, BUILT_IN_WITH_LABELS, ENTITIES, Catalogue, CatalogueError
from tests.unit.domain.catalogue_specs import FLAG, Spec, catalogue, row, window

HOUR_MS = 3_600_000


@pytest.mark.parametrize("second", [window(window="1h"), row("hour")])
def test_two_features_of_one_name_are_rejected(second: Spec) -> None:
    with pytest.raises(CatalogueError, match="feature 'f' is defined twice; rename one of the two"):
        catalogue(window(), second)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "the catalogue is not valid JSON ("),
        ("[]", 'the key "features" is missing'),
        ("{}", 'the key "features" is missing'),
        ('{"features": {}}', "features must be a list, not dict"),
        ('{"features": []}', "the catalogue has no features; add at least one"),
    ],
)
def test_an_invalid_catalogue_is_rejected(text: str, remedy: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(remedy)):
        Catalogue.from_json(text)


# ---- references between features ----

COUNT = window(name="count")
BUSY = row("above", of=["count"], threshold=3, name="busy")
ODD = row("any", of=["flag", "busy"], name="odd")
QUIET = row("any", of=["flag"], name="quiet")
LAST = window(statistic="last_n", column="latitude", n=3, name="last")


@pytest.mark.parametrize("column", ["flag", "quiet"])
@pytest.mark.parametrize("statistic", ["sum", "mean", "min", "max", "std", "distinct", "z_score"])
def test_a_window_can_read_row_features(statistic: str, column: str) -> None:
    one = catalogue(FLAG, QUIET, window(statistic=statistic, column=column))
    assert one.names == ("flag", "quiet", "f")


@pytest.mark.parametrize("column", ["count", "busy", "odd", "last"])
def test_a_window_over_a_window_is_rejected_with_the_allowed_columns(column: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        catalogue(FLAG, COUNT, BUSY, ODD, QUIET, LAST, window(statistic="sum", column=column))
    message = str(refused.value)
    assert message.startswith(f"feature 'f': column '{column}' can't be used here; use one of ")
    assert "customer_relationship_days, flag, quiet; " in message
    assert message.endswith(f"'{column}' depends on a window, which a window can't use as its column")


@pytest.mark.parametrize("column", ["colour", "flag", "f"])
def test_an_undefined_column_is_rejected_with_the_defined_ones(column: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        catalogue(QUIET | {"statistic": "weekend", "of": []}, window(statistic="sum", column=column), FLAG)
    message = str(refused.value)
    assert message.startswith(f"feature 'f': column '{column}' can't be used here; use one of ")
    assert "customer_relationship_days, quiet; " in message
    assert message.endswith("a feature of the transaction alone must come before it in the list")


def test_a_list_is_not_a_valid_operand() -> None:
    with pytest.raises(
        CatalogueError, match="feature 'g': 'of' refers to 'last', which is a list; use a feature"
    ):
        catalogue(LAST, row("above", of=["last"], threshold=1, name="g"))


def test_a_field_name_means_the_field_even_if_a_feature_has_the_same_name() -> None:
    shadow = row("hour", name="transaction_amount_vnd")
    one = catalogue(shadow, window(statistic="sum", column="transaction_amount_vnd"))
    assert one.meaning("f")["column"] == "transaction_amount_vnd"
    flag = row("value", column="npl_flag", name="npl_flag")
    with pytest.raises(CatalogueError, match="column 'npl_flag' can't be used here"):
        catalogue(flag, window(statistic="sum", column="npl_flag"))


def test_row_features_are_those_that_depend_on_no_window() -> None:
    one = catalogue(FLAG, COUNT, BUSY, ODD, QUIET, LAST)
    assert [feature.name for feature in one.row_features] == ["flag", "quiet"]
    assert [feature.name for feature in one.windows] == ["count", "last"]


# ---- versions and meanings ----


def test_the_version_changes_with_any_change_of_the_list() -> None:
    base = [window(), row("above", column="latitude", threshold=1, name="g")]
    changed = [
        base,
        base[:1],
        base[::-1],
        [window(name="h"), base[1]],
        [window(window="6m"), base[1]],
        [window(delay="1ms"), base[1]],
        [window(statistic="seconds_since_previous"), base[1]],
        [window(entity="device_id"), base[1]],
        [LAST, base[1]],
        [LAST | {"n": 4}, base[1]],
        [base[0], base[1] | {"threshold": 2}],
        [base[0], base[1] | {"column": "longitude"}],
        [base[0], base[1] | {"statistic": "at_least"}],
        [base[0], row("code", column="city", values=["a", "b"]) | {"name": "g"}],
        [base[0], row("code", column="city", values=["b", "a"]) | {"name": "g"}],
    ]
    assert len({catalogue(*specs).version for specs in changed}) == len(changed)


def test_the_version_does_not_depend_on_the_notation_of_a_duration() -> None:
    assert catalogue(window(window="60m")).version == catalogue(window(window="1h")).version


def test_a_meaning_excludes_the_name_and_expands_references() -> None:
    one = catalogue(window(), row("above", of=["f"], threshold=15, name="g"))
    assert one.meaning("f") == {"entity": "account_id", "statistic": "count", "window": "5m"}
    assert one.meaning("g") == {
        "entity": "transaction",
        "statistic": "above",
        "of": [{"entity": "account_id", "statistic": "count", "window": "5m"}],
        "threshold": 15,
    }


def test_the_meaning_of_a_window_expands_the_feature_that_it_reads() -> None:
    one = catalogue(FLAG, QUIET, window(statistic="sum", column="quiet", delay="1s"))
    assert one.meaning("f") == {
        "entity": "account_id",
        "statistic": "sum",
        "column": {
            "entity": "transaction",
            "statistic": "any",
            "of": [{"entity": "transaction", "statistic": "weekend"}],
        },
        "window": "5m",
        "delay": "1s",
    }
    assert catalogue(LAST).meaning("last")["n"] == 3


def test_a_meaning_changes_with_the_meaning_of_a_referenced_feature() -> None:
    above = row("above", of=["f"], threshold=15, name="g")
    assert catalogue(window(), above).meaning("g") != catalogue(window(window="6m"), above).meaning("g")
    total = window(statistic="sum", column="flag")
    hour = row("hour", name="flag")
    assert catalogue(FLAG, total).meaning("f") != catalogue(hour, total).meaning("f")


# ---- positions, entities, reach ----


def test_a_last_n_takes_three_positions_per_transaction_and_shifts_later_features() -> None:
    one = catalogue(FLAG, LAST, COUNT, LAST | {"name": "one", "n": 1})
    #   flag | amounts, gaps, values | count | amount, gap, value
    #      0 | 1 2 3   4 5 6  7 8 9  |    10 | 11      12   13
    assert one.width == 14
    assert one.slices == {
        "flag": slice(0, 1),
        "last": slice(1, 10),
        "count": slice(10, 11),
        "one": slice(11, 14),
    }
    assert tuple(one.slices) == one.names


def test_the_reach_is_the_longest_window_plus_its_delay() -> None:
    one = catalogue(window(window="1h"), window(name="g", window="30m", delay="31m"))
    assert one.reach_ms == 61 * 60_000
    assert catalogue(FLAG).reach_ms == 0


def test_each_entity_has_its_own_reach() -> None:
    one = catalogue(
        window(name="a", entity="merchant_id", window="2h", delay="1h"),
        window(name="b", entity="account_id", window="1h"),
        window(name="c", entity="merchant_id", window="1h"),
    )
    assert one.reach_ms == 3 * HOUR_MS
    assert one.reach_ms_of("merchant_id") == 3 * HOUR_MS
    assert one.reach_ms_of("account_id") == HOUR_MS
    assert one.reach_ms_of("device_id") == 0


def test_a_feature_depends_on_the_windows_of_its_entity_or_of_its_references() -> None:
    behind = BUILT_IN_WITH_LABELS.entities_behind
    assert tuple(behind) == BUILT_IN_WITH_LABELS.names
    assert behind["merchant_count_1h"] == {"merchant_id"}
    assert behind["new_merchant_flag"] == {"account_id"}
    assert behind["transaction_amount_vnd"] == frozenset()


def test_entities_are_those_with_windows_in_the_order_of_the_steps() -> None:
    names = dict(zip(ENTITIES, "abcde", strict=True))
    every = [window(name=name, entity=entity) for entity, name in names.items()]
    assert ENTITIES == ("account_id", "customer_id", "device_id", "merchant_id", "counterparty_id")
    assert catalogue(*every[::-1]).entities == ENTITIES
    assert catalogue(FLAG, every[3], every[2]).entities == ("device_id", "merchant_id")
    assert catalogue(FLAG).entities == ()


def test_a_file_is_read_and_without_a_file_the_projects_catalogue_is_used(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(catalogue(window()).to_json())
    assert Catalogue.load(path).names == ("f",)
    assert Catalogue.load(None) is BUILT_IN
