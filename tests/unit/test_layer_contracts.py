"""The contracts of import-linter cover the whole tree; `lint-imports` in `make check` enforces the rest."""

import tomllib

from fraudstream.runtime.project_root import ROOT

CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}


def test_every_package_of_the_tree_is_under_contract() -> None:
    assert len(PACKAGES) >= 11
    assert set(CONFIGURATION["root_packages"]) == PACKAGES
    (rooms,) = [contract for contract in CONFIGURATION["contracts"] if contract["id"] == "rooms"]
    placed = {name for layer in rooms["layers"] for name in layer.split(" | ")}
    assert {name for name in placed if not name.startswith("(")} == PACKAGES


def test_only_tests_may_import_tests() -> None:
    (tests,) = [contract for contract in CONFIGURATION["contracts"] if contract["id"] == "tests"]
    assert set(tests["source_modules"]) == PACKAGES
