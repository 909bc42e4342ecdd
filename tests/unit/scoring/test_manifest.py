from pathlib import Path

import pytest
from pydantic import ValidationError

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, Feature, TransactionFeature, WindowFeature
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import Manifest, ModelError, manifest_features

V1 = ROOT / "models" / "v1"


@pytest.fixture(name="manifest")
def fixture_manifest() -> Manifest:
    return Manifest.load(V1)


def changed(name: str, **changes: object) -> Catalogue:
    return Catalogue(
        tuple(
            feature.model_copy(update=changes) if feature.name == name else feature
            for feature in BUILT_IN.features
        )
    )


def without(*names: str) -> Catalogue:
    return Catalogue(tuple(feature for feature in BUILT_IN.features if feature.name not in names))


def test_the_committed_model_fits_the_catalogue_of_the_project(manifest: Manifest) -> None:
    columns = manifest.columns_in(BUILT_IN)
    assert [BUILT_IN.names[column] for column in columns] == [feature.name for feature in manifest.features]


def test_the_columns_follow_the_features_to_their_catalogue_positions(manifest: Manifest) -> None:
    more = TransactionFeature(name="more", entity="transaction", statistic="hour")
    of_the_row = BUILT_IN.row_features
    first: tuple[Feature, ...] = (more, *of_the_row, *reversed(BUILT_IN.windows))
    mixed = Catalogue((*first, *(feature for feature in BUILT_IN.features if feature not in first)))
    columns = manifest.columns_in(mixed)
    assert [mixed.names[column] for column in columns] == [feature.name for feature in manifest.features]
    assert mixed.names.index("more") not in columns


def test_a_list_provides_the_model_with_all_its_positions(manifest: Manifest) -> None:
    first, *_ = BUILT_IN.windows
    amounts = WindowFeature(
        name="amounts",
        entity="account_id",
        statistic="last_n",
        column="transaction_amount_vnd",
        window_ms=1,
        n=2,
    )
    catalogue = Catalogue((amounts, first))
    listed = manifest.model_copy(update={"features": manifest_features(Catalogue((first, amounts)))})
    assert listed.columns_in(catalogue) == (6, 0, 1, 2, 3, 4, 5)


def test_a_meaning_includes_the_feature_that_a_window_reads(manifest: Manifest) -> None:
    pinned = manifest.model_copy(update={"features": manifest_features(BUILT_IN)})
    with pytest.raises(ModelError) as refused:
        pinned.columns_in(changed("structuring_flag", low=1.0))
    message = str(refused.value)
    assert "structuring_flag: trained as" in message
    assert "account_structuring_flag_sum_24h: trained as" in message


def test_each_feature_missing_from_the_catalogue_is_reported(manifest: Manifest) -> None:
    with pytest.raises(ModelError) as refused:
        manifest.columns_in(without("weekend_flag", "account_count_1h"))
    message = str(refused.value)
    assert "weekend_flag: not in the catalogue" in message
    assert "account_count_1h: not in the catalogue" in message
    assert "use the catalogue that it was trained with, or train it again" in message
    assert "account_count_24h" not in message


def test_a_feature_with_the_same_name_and_another_meaning_is_reported_with_both(manifest: Manifest) -> None:
    with pytest.raises(ModelError) as refused:
        manifest.columns_in(changed("account_count_1h", window_ms=7_200_000))
    message = str(refused.value)
    assert "account_count_1h: trained as" in message
    assert "'window': '1h'" in message
    assert "'window': '2h'" in message


def test_a_meaning_includes_the_features_that_it_refers_to(manifest: Manifest) -> None:
    with pytest.raises(ModelError) as refused:
        manifest.columns_in(changed("account_count_5m", window_ms=360_000))
    message = str(refused.value)
    assert "account_count_5m: trained as" in message
    assert "high_frequency_flag: trained as" in message


def test_a_missing_folder_is_reported_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refused:
        Manifest.load(tmp_path / "v9")
    assert str(tmp_path / "v9" / "manifest.json") in str(refused.value)
    assert "give the folder of a trained version, or run `make train`" in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": "v1"}'])
def test_a_broken_manifest_is_reported_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelError) as refused:
        Manifest.load(tmp_path)
    assert f"{tmp_path / 'manifest.json'} is not a manifest" in str(refused.value)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"version": "v1"', '"version": "a/b"'),
        ('\n  "threshold": ', '\n  "threshold": 1'),
        ('\n  "seed": ', '\n  "sead": '),
    ],
)
def test_a_manifest_with_an_invalid_value_is_rejected(tmp_path: Path, was: str, becomes: str) -> None:
    text = (V1 / "manifest.json").read_text()
    assert was in text
    (tmp_path / "manifest.json").write_text(text.replace(was, becomes, 1))
    with pytest.raises(ModelError, match="is not a manifest"):
        Manifest.load(tmp_path)


OLD = {
    "version": "v0",
    "features": [{"name": "a", "meaning": {"entity": "transaction"}}],
    "catalogue_version": "0",
    "threshold": 0.5,
    "threshold_choice": "so",
    "seed": 1,
    "training_data": {},
    "parameters": {"max_depth": 3},
    "metrics": {},
    "libraries": {},
}


def test_a_version_of_one_model_without_calibration_can_still_be_read() -> None:
    manifest = Manifest.model_validate(OLD)
    (member,) = manifest.members
    assert (member.kind, member.file, member.weight) == ("xgboost", "model.ubj", 1)
    assert member.parameters == {"max_depth": 3}
    assert (manifest.bias, manifest.calibration.slope, manifest.calibration.intercept) == (0, 1, 0)
    assert manifest.features[0].usual is None
    assert "parameters" in OLD
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


MEMBER = {"kind": "xgboost", "file": "xgboost.ubj", "weight": 1.0, "parameters": {}}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([], "at least 1 item"),
        ([MEMBER, MEMBER], "the kinds are xgboost, xgboost; list each kind once"),
        ([MEMBER | {"weight": 0}], "greater than 0"),
        ([MEMBER | {"file": "../xgboost.ubj"}], "should match pattern"),
        ([MEMBER | {"file": ".."}], "should match pattern"),
    ],
)
def test_members_that_cannot_form_a_version_are_rejected(members: list[object], reason: str) -> None:
    facts = {name: value for name, value in OLD.items() if name != "parameters"}
    with pytest.raises(ValidationError, match=reason):
        Manifest.model_validate({**facts, "members": members})


@pytest.mark.parametrize("slope", [0, -1, float("nan"), float("inf")])
def test_a_calibration_that_reverses_the_order_is_rejected(slope: float) -> None:
    calibration = {"slope": slope, "intercept": 0.0}
    with pytest.raises(ValidationError, match=r"calibration\.slope"):
        Manifest.model_validate({**OLD, "calibration": calibration})
