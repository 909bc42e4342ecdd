"""Names of files and classes are unique, except in listed families, so that a search finds them."""

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

PACKAGES = (
    "alerts", "benchmarks", "deploy", "drills", "fraudstream", "jobs", "localrun", "localstack", "models",
    "producer", "serving", "streams",
)  # fmt: skip
NAMED_BY_PYTHON = {"__init__", "__main__"}
FAMILIES: dict[str, str] = {
    "Score": "each rival's step that scores, written as that framework's own documents write it",
}
"""Class names that several modules share on purpose, and the reason."""


def module_names(root: Path) -> dict[str, list[str]]:
    """Return the paths of each module name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sources(root):
        if path.stem not in NAMED_BY_PYTHON:
            found[path.stem].append(str(path.relative_to(root)))
    return dict(found)


def class_names(root: Path) -> dict[str, list[str]]:
    """Return the paths that define each public class, including nested classes."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sources(root):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(root)))
    return dict(found)


def sources(root: Path) -> list[Path]:
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def shared(names: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: places for name, places in names.items() if len(places) > 1}


def test_no_two_modules_share_a_name() -> None:
    assert shared(module_names(ROOT)) == {}


def test_no_two_public_classes_share_a_name() -> None:
    found = {name: places for name, places in shared(class_names(ROOT)).items() if name not in FAMILIES}
    assert found == {}


def test_every_exception_is_still_needed() -> None:
    assert set(FAMILIES) <= set(shared(class_names(ROOT)))


def test_every_folder_of_the_product_is_checked() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(PACKAGES)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree in which one module name and one class name are used twice."""
    for name, code in {
        "alerts/__init__.py": "",
        "alerts/run.py": "class Found: ...\nclass _Hidden: ...\n",
        "drills/__init__.py": "",
        "drills/deep/run.py": "def f() -> None:\n    class Found: ...\n",
        "drills/other.py": "class _Hidden: ...\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    return tmp_path


def test_shared_names_are_found_at_any_depth(tree: Path) -> None:
    assert shared(module_names(tree)) == {"run": ["alerts/run.py", "drills/deep/run.py"]}
    assert shared(class_names(tree)) == {"Found": ["alerts/run.py", "drills/deep/run.py"]}
