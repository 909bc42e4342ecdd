"""The wheel contains only the library, and the library works without the source tree."""

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.command_line import COMMANDS
from fraudstream.online.core_jvm import JAR_NAME
from fraudstream.runtime.project_root import ROOT
from tests.isolated_python import SITE_PACKAGES, import_path, run_isolated

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OFFLINE = ("--no-index", "--no-deps")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, because the builder leaves files in its source tree."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for package in (ROOT / "requirements", *(init.parent for init in ROOT.glob("*/__init__.py"))):
        shutil.copytree(package, tree / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    # As `make wheel` does.
    shutil.copy(ROOT / "build" / JAR_NAME, tree / "fraudstream" / "online")
    subprocess.run([*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", out, tree], check=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty folder."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", *OFFLINE, "--target", folder, wheel], check=True)
    return folder


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_isolated(arguments, installed, import_path(installed, *SITE_PACKAGES))


def test_the_wheel_has_the_library_and_the_command_and_no_program(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert names == {"bin", "fraudstream", "fraudstream-0.1.0.dist-info"}
    assert [path.name for path in (installed / "bin").iterdir()] == ["fraudstream"]
    of_the_tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fraudstream").rglob("*.py")}
    of_the_wheel = {
        path.relative_to(installed).as_posix() for path in (installed / "fraudstream").rglob("*.py")
    }
    assert of_the_wheel == of_the_tree


def test_the_wheel_declares_the_packages_that_the_library_needs(installed: Path) -> None:
    (metadata,) = importlib.metadata.distributions(path=[str(installed)])
    always = listed_in("library")
    of_extras = [
        f'{each}; extra == "{extra}"'
        for extra, file in (("local", "local"), ("sdk", "sdk"), ("web", "services"))
        for each in listed_in(file)
    ]
    assert metadata.requires == always + of_extras
    assert {"numpy", "pydantic-settings", "xgboost-cpu"} <= set(always)


def listed_in(file: str) -> list[str]:
    """Return the requirements of ``requirements/FILE.in``."""
    text = (ROOT / "requirements" / f"{file}.in").read_text()
    return re.findall(r"^([a-z0-9-]+(?:\[[a-z]+\])?)", text, re.MULTILINE)


IMPORT_ALL = """
import importlib, pkgutil, sys
import fraudstream
for module in pkgutil.walk_packages(fraudstream.__path__, "fraudstream."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
from fraudstream.runtime.project_root import ProjectRootError, find_project_root
print("root:", find_project_root())
try:
    from fraudstream.runtime.project_root import ROOT
except ProjectRootError as error:
    print("error:", error)
"""


def test_every_module_of_the_library_can_be_imported_and_none_finds_a_project_root(installed: Path) -> None:
    done = run(installed, "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    *modules, root, error = done.stdout.splitlines()
    assert {"fraudstream.command_line", "fraudstream.scoring.scorer"} <= set(modules)
    assert root == "root: None"
    assert error.startswith("error: fraudstream is installed from a wheel, and this needs a checkout")


def test_the_command_shows_help_and_explains_what_programs_need(installed: Path) -> None:
    shown = run(installed, "bin/fraudstream", "--help")
    assert shown.returncode == 0, shown.stderr
    assert all(f"  {name} " in shown.stdout for name in COMMANDS)
    refused = run(installed, "-m", "fraudstream", "job", "--help")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: `fraudstream job` needs a checkout")
    assert "make setup" in refused.stderr


def test_the_wheel_says_that_it_is_typed_and_its_detector_can_be_imported(installed: Path) -> None:
    assert (installed / "fraudstream" / "py.typed").is_file()
    shown = run(installed, "-c", "from fraudstream import FraudDetector; print(FraudDetector())")
    assert shown.stdout.strip() == "FraudDetector('http://127.0.0.1:8000')", shown.stderr


def test_the_wheel_decides_without_a_server_on_a_models_folder(installed: Path) -> None:
    code = f"""
from fraudstream import FraudDetector
detector = FraudDetector.local({str(ROOT / "models" / "v1")!r})
print(detector.predict({{"user_id": "USER001", "amount": 1500.0}})["risk_level"])
"""
    shown = run(installed, "-c", code)
    assert shown.stdout.strip() in {"LOW", "MEDIUM", "HIGH"}, shown.stderr


def test_without_a_model_the_wheels_error_asks_for_one(installed: Path) -> None:
    shown = run(installed, "-c", "from fraudstream import FraudDetector; FraudDetector.local()")
    assert "SetupError: model is missing: a wheel has no model; give the folder" in shown.stderr


def test_without_the_jar_the_error_names_the_extra(installed: Path) -> None:
    jar = installed / "fraudstream" / "online" / JAR_NAME
    hidden = jar.rename(installed / "hidden.jar")
    code = f"from fraudstream import FraudDetector; FraudDetector.local({str(ROOT / 'models' / 'v1')!r})"
    try:
        shown = run(installed, "-c", code)
    finally:
        hidden.rename(jar)
    assert f"{jar} does not exist" in shown.stderr
    assert "fraudstream[local]" in shown.stderr
