import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.archive import files_below, job_sources, write_archive
from tests.golden import archives


def test_an_archive_depends_only_on_names_and_content(tmp_path: Path) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("1")
    second.write_text("2")
    write_archive(tmp_path / "a.zip", [("one", first), ("two", second)])
    os.utime(first, (0, 0))
    first.chmod(0o700)
    write_archive(tmp_path / "b.zip", [("two", second), ("one", first)])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"one": b"1", "two": b"2"}


def test_two_files_of_one_name_are_an_error_and_leave_no_archive(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("1")
    with pytest.raises(ValueError, match=r"duplicate name one in a\.zip"):
        write_archive(tmp_path / "a.zip", [("one", file), ("one", file)])
    assert not (tmp_path / "a.zip").exists()


def test_files_below_a_folder_keep_their_path_and_compiled_modules_are_excluded(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("top.py", "inner/data", "inner/top.pyc"):
        (tmp_path / name).touch()
    assert sorted(name for name, _ in files_below(tmp_path, "to")) == ["to/inner/data", "to/top.py"]


def test_the_jobs_sources_are_the_modules_of_its_packages() -> None:
    names = {name for name, _ in job_sources()}
    assert {"jobs/feature_job.py", "jobs/job_settings.py", "fraudstream/scoring/scorer.py"} <= names
    assert {name.split("/")[0] for name in names} == {"fraudstream", "jobs"}
    assert all(name.endswith(".py") for name in names)


def test_the_python_archive_has_the_files_of_the_golden_list(tmp_path: Path) -> None:
    """Rewrite the list after an intended change: ``python -m tests.golden.archives --write``."""
    archives.ARCHIVES["fraudstream-python"](tmp_path / "a.zip")
    assert archives.listing(tmp_path / "a.zip") == archives.golden("fraudstream-python").read_text()


def test_http_code_is_excluded_from_the_jobs_sources(tmp_path: Path) -> None:
    for name in ("fraudstream/web/keys.py", "fraudstream/webs.py", "jobs/web/job.py", "models/train.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {name for name, _ in job_sources(tmp_path)} == {"fraudstream/webs.py", "jobs/web/job.py"}


IMPORT_ALL = """
import importlib, sys
archive, *names = sys.argv[1:]
for name in names:
    assert importlib.import_module(name).__file__.startswith(archive + "/"), name
"""


def test_the_jobs_sources_need_no_other_package_of_the_project(tmp_path: Path) -> None:
    archive = tmp_path / "job.zip"
    write_archive(archive, job_sources())
    names = [name.removesuffix(".py").removesuffix("/__init__") for name, _ in job_sources()]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, archive, *(name.replace("/", ".") for name in names)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(archive), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
