from pathlib import Path

import pytest

from fraudstream.runtime import project_root
from fraudstream.runtime.project_root import ROOT, ProjectRootError, find_project_root, root_above


def test_a_checkout_has_a_root() -> None:
    assert (ROOT / "pyproject.toml").is_file()
    assert project_root.project_root() == find_project_root() == ROOT


def test_packages_without_metadata_beside_them_are_a_source_tree(tmp_path: Path) -> None:
    """The folder that an image copies them to and an unpacked archive are source trees, too."""
    (tmp_path / "another-1.0.dist-info").mkdir()
    (tmp_path / "fraudstream.egg-info").mkdir()
    assert root_above(tmp_path / "fraudstream") == tmp_path


def test_an_archive_on_the_import_path_is_a_source_tree(tmp_path: Path) -> None:
    archive = tmp_path / "fraudstream-python.zip"
    archive.touch()
    assert root_above(archive / "fraudstream") == archive


def test_packages_with_metadata_beside_them_come_from_a_wheel(tmp_path: Path) -> None:
    (tmp_path / "fraudstream-0.1.0.dist-info").mkdir()
    assert root_above(tmp_path / "fraudstream") is None


def test_without_a_root_an_error_explains_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_root, "find_project_root", lambda: None)
    with pytest.raises(ProjectRootError, match=r"needs a checkout: clone .* `make setup`"):
        project_root.project_root()
    with pytest.raises(ProjectRootError, match="needs a checkout"):
        _ = project_root.ROOT


def test_the_module_has_no_other_lazy_attribute() -> None:
    assert not hasattr(project_root, "JAR")
