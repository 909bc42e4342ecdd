import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from fraudstream.domain.catalogue import BUILT_IN, Catalogue, Feature, TransactionFeature, WindowFeature
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring import manifest as manifest_module
from fraudstream.scoring.manifest import (
    Manifest,
    ModelError,
    manifest_features,
    read_model_file,
)

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


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["usual", "seed_of_trees"])
def test_a_manifest_with_a_number_that_json_cannot_write_is_refused(
    manifest: Manifest, tmp_path: Path, number: str, field: str
) -> None:
    facts = json.loads(manifest.to_text())
    facts["features"][0]["usual"] = "X" if field == "usual" else 1.0
    facts["members"][0]["parameters"]["seed_of_trees"] = "X" if field == "seed_of_trees" else 1.0
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(facts).replace('"X"', "0.5"))
    assert Manifest.load(tmp_path).features[0].name == manifest.features[0].name
    path.write_text(json.dumps(facts).replace('"X"', number))
    with pytest.raises(ModelError, match="a number that is NaN or infinite; write null in its place"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("slope", [0, -1, float("nan"), float("inf")])
def test_a_calibration_that_reverses_the_order_is_rejected(slope: float) -> None:
    calibration = {"slope": slope, "intercept": 0.0}
    with pytest.raises(ValidationError, match=r"calibration\.slope"):
        Manifest.model_validate({**OLD, "calibration": calibration})


# ---- digests ----


def test_the_digest_of_the_committed_model_is_that_of_its_facts(manifest: Manifest) -> None:
    facts = json.loads((V1 / "manifest.json").read_text())
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    assert manifest.digest == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_digests_of_members_are_those_of_their_files(manifest: Manifest) -> None:
    for member in manifest.members:
        assert member.sha256 == hashlib.sha256((V1 / member.file).read_bytes()).hexdigest()


def test_the_digest_does_not_depend_on_the_layout_of_the_file(manifest: Manifest, tmp_path: Path) -> None:
    facts = json.loads((V1 / "manifest.json").read_text())
    backwards = dict(reversed(facts.items()))
    (tmp_path / "manifest.json").write_text(json.dumps(backwards, indent=7))
    assert Manifest.load(tmp_path).digest == manifest.digest


def test_a_field_that_the_file_leaves_out_is_not_in_the_digest() -> None:
    # Or the alerts of an unchanged model would have other ids after an upgrade that adds a field.
    manifest = Manifest.model_validate(OLD)
    assert Manifest.model_validate_json(manifest.to_text()).digest == manifest.digest
    assert '"bias"' not in manifest.to_text()
    assert manifest.digest != manifest.model_copy(update={"bias": 0.0}).digest


@pytest.mark.parametrize(
    "change",
    [
        {"version": "v2"},
        {"threshold": 0.5},
        {"bias": 1e-9},
        {"seed": 99},
        {"metrics": {}},
        {"threshold_choice": "other"},
    ],
)
def test_the_digest_changes_with_every_fact(manifest: Manifest, change: dict[str, object]) -> None:
    assert manifest.model_copy(update=change).digest != manifest.digest


def test_the_digest_changes_with_every_byte_of_a_member(manifest: Manifest) -> None:
    (member,) = manifest.members
    data = (V1 / member.file).read_bytes()
    assert manifest.with_digests({member.file: data}) == manifest
    changed_digest = manifest.with_digests({member.file: data[:-1] + b"!"}).digest
    assert changed_digest != manifest.digest
    assert manifest.with_digests({}).digest == manifest.digest


def test_a_member_without_a_digest_is_refused_with_the_remedy(manifest: Manifest) -> None:
    (member,) = manifest.members
    with pytest.raises(ModelError) as refused:
        member.model_copy(update={"sha256": None}).check(b"")
    assert str(refused.value) == (
        "model: the manifest has no SHA-256 of xgboost.ubj, so the file can't be verified; if you trust it, "
        "run `fraudstream models digest FOLDER --write`"
    )


@pytest.mark.parametrize("digest", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64])
def test_what_is_no_sha_256_is_refused(digest: str) -> None:
    facts = {name: value for name, value in OLD.items() if name != "parameters"}
    with pytest.raises(ValidationError, match=r"members\.0\.sha256"):
        Manifest.model_validate({**facts, "members": [MEMBER | {"sha256": digest}]})


# ---- files ----


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "v9"
    folder.mkdir()
    (tmp_path / "outside").write_bytes(b"secret")
    return folder


def as_a_config_map(folder: Path) -> None:
    """Lay a file out as Kubernetes mounts it: a link into a folder that a link leads to."""
    (folder / "..2026_01_02").mkdir()
    (folder / "..2026_01_02" / "model.ubj").write_bytes(b"model")
    (folder / "..data").symlink_to("..2026_01_02")
    (folder / "model.ubj").symlink_to("..data/model.ubj")


@pytest.mark.parametrize(
    "lay", [lambda folder: (folder / "model.ubj").write_bytes(b"model"), as_a_config_map]
)
def test_a_file_within_the_folder_is_read(folder: Path, lay: Callable[[Path], object]) -> None:
    lay(folder)
    assert read_model_file(folder, "model.ubj") == b"model"
    (folder.parent / "current").symlink_to(folder)
    assert read_model_file(folder.parent / "current", "model.ubj") == b"model"


@pytest.mark.parametrize(
    ("lay", "reason"),
    [
        (lambda path: path.symlink_to("../outside"), r"is a link to .*outside, out of the version's folder"),
        (lambda path: path.symlink_to("/etc/passwd"), "is a link to .*, out of the version's folder; copy"),
        (lambda path: path.symlink_to("model.ubj"), r"can't be read \(.*; check its permissions"),
        (lambda path: path.symlink_to("gone"), "does not exist; give the folder of a trained version"),
        (lambda path: path.mkdir(), "is not a regular file; give the folder of a trained version"),
        (os.mkfifo, "is not a regular file; give the folder of a trained version"),
    ],
    ids=["a link out", "an absolute link", "a circle", "a link to nothing", "a folder", "a pipe"],
)
def test_what_is_no_file_of_the_folder_is_not_read(
    folder: Path, lay: Callable[[Path], object], reason: str
) -> None:
    lay(folder / "model.ubj")
    with pytest.raises(ModelError, match=reason):
        read_model_file(folder, "model.ubj")


def test_a_manifest_that_is_a_link_out_of_its_folder_is_not_read(folder: Path) -> None:
    (folder / "manifest.json").symlink_to(V1 / "manifest.json")
    with pytest.raises(ModelError, match="out of the version's folder"):
        Manifest.load(folder)


def test_a_file_that_no_job_can_ship_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "MAX_FILE_BYTES", 5)
    (folder / "model.ubj").write_bytes(b"12345")
    assert read_model_file(folder, "model.ubj") == b"12345"
    (folder / "model.ubj").write_bytes(b"123456")
    with pytest.raises(ModelError, match=r"model\.ubj has 6 bytes, more than 5; train fewer trees"):
        read_model_file(folder, "model.ubj")
