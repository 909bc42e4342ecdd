"""Every build of a package uses the locked build tools."""

import re

from fraudstream.runtime.project_root import ROOT


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s\\]+)", (ROOT / name).read_text(), re.MULTILINE))


def test_build_tools_are_pinned_to_the_versions_of_the_lock() -> None:
    tools, lock = pins("requirements/build.txt"), pins("requirements.txt")
    assert tools.keys() == {"packaging", "setuptools", "wheel"}
    assert {name: tools[name] for name in tools.keys() & lock.keys()} == {
        name: lock[name] for name in tools.keys() & lock.keys()
    }
    project = (ROOT / "pyproject.toml").read_text()
    assert f'requires = ["setuptools=={tools["setuptools"]}"]' in project


def test_each_installation_of_a_lock_uses_them() -> None:
    for file, count in (("Makefile", 3), ("Dockerfile", 4)):
        installs = re.findall(r"^.*-m pip install.*(?:\\\n.*)?$", (ROOT / file).read_text(), re.MULTILINE)
        locked = [line for line in installs if "--require-hashes" in line]
        assert len(locked) == count
        assert all("PIP_CONSTRAINT=" in line for line in locked)
        others = [line for line in installs if line not in locked]
        assert all("--no-build-isolation" in line for line in others)
