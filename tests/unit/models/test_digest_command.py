"""Digests are added to an older version by whoever trusts its files, and never to a file that has another."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.scoring.manifest import Manifest, ModelError
from fraudstream.scoring.scorer import Scorer
from models.__main__ import app

V1 = ROOT / "models" / "v1"


@pytest.fixture(name="older")
def fixture_older(tmp_path: Path) -> Path:
    """Return a copy of the model as an earlier release wrote it."""
    folder = tmp_path / "v1"
    shutil.copytree(V1, folder)
    facts = json.loads((folder / "manifest.json").read_text())
    del facts["members"][0]["sha256"]
    (folder / "manifest.json").write_text(json.dumps(facts))
    return folder


def said(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["digest", *map(str, arguments)])
    return result.exit_code, " ".join(result.output.split())


def test_the_committed_model_is_shown_with_its_digests() -> None:
    manifest = Manifest.load(V1)
    assert said(V1) == (0, f"xgboost.ubj {manifest.members[0].sha256} model v1 {manifest.digest}")


def test_digests_are_written_only_when_they_are_asked_for(older: Path) -> None:
    before = (older / "manifest.json").read_bytes()
    code, output = said(older)
    assert code == 2
    assert "if you trust it, run `fraudstream models digest FOLDER --write`" in output
    assert (older / "manifest.json").read_bytes() == before
    with pytest.raises(ModelError, match="has no SHA-256"):
        Scorer.load(older, BUILT_IN)
    assert said(older, "--write")[0] == 0
    assert Manifest.load(older) == Manifest.load(V1)
    assert Manifest.load(older).digest == Scorer.load(older, BUILT_IN).manifest.digest
    assert sorted(path.name for path in older.iterdir()) == sorted(path.name for path in V1.iterdir())


def test_a_manifest_that_has_digests_is_left_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(V1, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "manifest.json").read_bytes()
    assert said(tmp_path, "--write")[0] == 0
    assert (tmp_path / "manifest.json").read_bytes() == before


def test_a_changed_file_keeps_being_refused(tmp_path: Path) -> None:
    shutil.copytree(V1, tmp_path, dirs_exist_ok=True)
    (tmp_path / "xgboost.ubj").write_bytes(b"other")
    before = (tmp_path / "manifest.json").read_bytes()
    for options in ((), ("--write",)):
        code, output = said(tmp_path, *options)
        assert code == 2
        assert "the file was changed after the training; restore it" in output
    assert (tmp_path / "manifest.json").read_bytes() == before


def test_a_folder_that_is_no_version_is_named(tmp_path: Path) -> None:
    code, output = said(tmp_path / "none")
    assert code == 2
    assert "manifest.json does not exist; give the folder of a trained version" in output
