"""Decisions of the job before Flink starts."""

from pathlib import Path

import pytest

from fraudstream.domain.catalogue import (
    BUILT_IN,
    BUILT_IN_WITH_LABELS,
    CUSTOMER_FEATURES,
    Catalogue,
    CatalogueError,
)
from jobs.connectors import connector_for
from jobs.feature_job import load_catalogue, load_decider, main
from jobs.job_settings import JobSettings

NOWHERE = Path("/no/such/model")


@pytest.fixture(name="files")
def fixture_files(tmp_path: Path) -> dict[str, Path]:
    """Return a source, labels and an output."""
    for name in ("in.jsonl", "labels.jsonl"):
        (tmp_path / name).touch()
    return {
        "source": tmp_path / "in.jsonl",
        "labels": tmp_path / "labels.jsonl",
        "features_out": tmp_path / "out.jsonl",
    }


def settings(**values: Path | str) -> JobSettings:
    options = [part for name, value in values.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return JobSettings.load(options, env_file=None)


def catalogue_of(given: JobSettings) -> Catalogue:
    return load_catalogue(given, has_labels=connector_for(given).has_labels)


# ---- the catalogue ----


def test_with_labels_the_projects_catalogue_has_fraud_rates(files: dict[str, Path]) -> None:
    assert catalogue_of(settings(**files)) == BUILT_IN_WITH_LABELS
    assert catalogue_of(settings(label_feedback="true")) == BUILT_IN_WITH_LABELS


def test_without_labels_the_projects_catalogue_has_no_fraud_rates(files: dict[str, Path]) -> None:
    del files["labels"]
    assert catalogue_of(settings(**files)) == BUILT_IN
    assert catalogue_of(settings()) == BUILT_IN


def test_a_custom_catalogue_with_a_fraud_rate_needs_labels(tmp_path: Path, files: dict[str, Path]) -> None:
    own = Catalogue(BUILT_IN_WITH_LABELS.features[-1:])
    files["catalogue"] = tmp_path / "catalogue.json"
    files["catalogue"].write_text(own.to_json())
    assert catalogue_of(settings(**files)) == own
    del files["labels"]
    with pytest.raises(CatalogueError, match=f"feature '{own.names[0]}' needs labels: give --labels FILE"):
        catalogue_of(settings(**files))


def test_with_metadata_the_projects_catalogue_has_features_of_them(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    metadata = tmp_path / "customers.jsonl"
    metadata.touch()
    with_labels = settings(**files, customer_metadata=metadata)
    assert catalogue_of(with_labels).features == (*BUILT_IN_WITH_LABELS.features, *CUSTOMER_FEATURES)
    live = settings(customer_metadata="dynamodb:user-metadata")
    assert catalogue_of(live).features == (*BUILT_IN.features, *CUSTOMER_FEATURES)


def test_a_custom_catalogue_and_metadata_need_each_other(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(Catalogue(CUSTOMER_FEATURES).to_json())
    metadata = "dynamodb:user-metadata"
    assert catalogue_of(settings(catalogue=path, customer_metadata=metadata)).features == CUSTOMER_FEATURES
    with pytest.raises(
        CatalogueError, match="'customer_kyc_level' needs metadata of customers: set customer_metadata"
    ):
        catalogue_of(settings(catalogue=path))
    path.write_text(BUILT_IN.to_json())
    with pytest.raises(CatalogueError, match="has no feature of them; add one with a column like"):
        catalogue_of(settings(catalogue=path, customer_metadata=metadata))


def test_the_shipped_model_scores_with_the_features_of_metadata_beside_its_own() -> None:
    more = Catalogue((*BUILT_IN.features, *CUSTOMER_FEATURES))
    assert load_decider(settings(), more).judge.catalogue_version == more.version


# ---- the model ----


@pytest.mark.parametrize("output", ["scores_out", "alerts_out"])
def test_the_model_uses_its_own_threshold_or_the_given_one(files: dict[str, Path], output: str) -> None:
    files[output] = files.pop("features_out")
    loaded = load_decider(settings(**files), BUILT_IN_WITH_LABELS)
    assert loaded.judge.threshold == loaded.scorer.manifest.threshold
    assert loaded.judge.catalogue_version == BUILT_IN_WITH_LABELS.version
    strict = load_decider(settings(**files, alert_threshold="0"), BUILT_IN_WITH_LABELS)
    assert strict.judge.threshold == 0


# ---- errors ----


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Return the job's error message for invalid arguments."""
    assert main([str(argument) for argument in arguments]) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_missing_model_is_an_unusable_option(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    says = refused(
        capsys, "--source", files["source"], "--alerts-out", files["features_out"], "--model", NOWHERE
    )
    assert says.startswith("error: model: /no/such/model/manifest.json does not exist; give the folder of")


def test_an_invalid_catalogue_is_an_unusable_option(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    says = refused(
        *(capsys, "--source", files["source"], "--features-out", files["features_out"]),
        *("--catalogue", files["labels"]),
    )
    assert says.startswith("error: the catalogue is not valid JSON (")


KINDS = {"in.parquet": "Parquet", "in.jsonl.gz": "gzip"}


@pytest.mark.parametrize("broken", ["source", "labels"])
@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_contradicts_its_suffix_is_an_unusable_option(
    files: dict[str, Path], broken: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files[broken] = files["source"].with_name(name)
    files[broken].write_bytes(b"{}")
    says = refused(
        *(capsys, "--source", files["source"], "--labels", files["labels"]),
        *("--features-out", files["features_out"]),
    )
    assert says.startswith(f"error: {files[broken]} is not a complete {KINDS[name]} file (")
    assert not files["features_out"].exists()
