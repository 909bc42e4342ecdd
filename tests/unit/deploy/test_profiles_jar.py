"""The libraries inside the jar of the profile stores are those of docs/security-dependencies.md, renamed."""

import re
import zipfile
from collections.abc import Iterator

import pytest

from deploy.sbom import MAVEN, PAGE, components
from fraudstream.runtime.project_root import ROOT

JAR = ROOT / "build" / "fraudstream-profiles.jar"
WITHOUT_PROPERTIES = {"org.postgresql:postgresql", "org.reactivestreams:reactive-streams"}
"""Components whose jars do not tell their version; the bill of materials has it."""


@pytest.fixture(scope="module")
def jar() -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(JAR) as opened:
        yield opened


def test_each_component_is_listed_with_its_version(jar: zipfile.ZipFile) -> None:
    texts = [jar.read(name).decode() for name in jar.namelist() if name.endswith("/pom.properties")]
    pairs = [dict(re.findall(r"^(\w+)=(.*?)\r?$", text, re.MULTILINE)) for text in texts]
    found = {
        (f"{each['groupId']}:{each['artifactId']}", each["version"])
        for each in pairs
        if each["groupId"] != "fraudstream"
    }
    assert len(found) > 30
    section = PAGE.read_text().partition("## Components of the profile stores")[2]
    listed = components(section)
    assert {origin for _, _, origin in listed} == {MAVEN}
    assert {(name, version) for name, version, _ in listed if name not in WITHOUT_PROPERTIES} == found
    assert {name for name, _, _ in listed} >= WITHOUT_PROPERTIES


def test_every_class_is_renamed_except_those_that_native_code_looks_for(jar: zipfile.ZipFile) -> None:
    classes = [name for name in jar.namelist() if name.endswith(".class")]
    assert len(classes) > 5_000
    assert not [name for name in classes if not name.startswith(("fraudstream/", "org/sqlite/"))]


def test_python_and_java_have_the_same_script(jar: zipfile.ZipFile) -> None:
    script = ROOT / "fraudstream" / "profiles" / "replace_profiles.lua"
    assert jar.read(script.name) == script.read_bytes()
