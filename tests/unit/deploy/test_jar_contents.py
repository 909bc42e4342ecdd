"""The libraries inside the job's jar are those of docs/security-dependencies.md."""

import re
import zipfile
from collections.abc import Iterator

import pytest

from deploy.sbom import MAVEN, PAGE, components
from fraudstream.runtime.project_root import ROOT

JAR = ROOT / "build" / "pyflink-dependencies.jar"
SHADED = "org/apache/flink/kinesis/shaded/"
PREFIXES = (
    "fraudstream/",
    "com/google/common/",
    "com/google/errorprone/",
    "com/google/j2objc/",
    "com/google/thirdparty/publicsuffix/",
    "javax/annotation/",
    "org/apache/commons/",
    "org/apache/flink/",
    "org/checkerframework/",
    "org/joda/time/",
    # Jackson's classes for newer versions of Java, which are not relocated.
    "com/fasterxml/jackson/core/",
)
SHADED_PREFIXES = (
    "com/amazonaws/",
    "com/fasterxml/jackson/",
    "com/google/protobuf/",
    "io/netty/",
    "org/apache/flink/",
    "org/apache/http/",
    "org/reactivestreams/",
    "software/amazon/awssdk/",
    "software/amazon/eventstream/",
)
"""Packages of the components in the table; all other classes are of an unknown component."""
REMOVED = ("software/amazon/ion/", "amazon-kinesis-producer-native-binaries/")


@pytest.fixture(scope="module")
def jar() -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(JAR) as opened:
        yield opened


def listed() -> dict[str, set[tuple[str, str]]]:
    """Return version and origin of each component in the page's table."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name, version, origin in components(PAGE.read_text()):
        found.setdefault(name, set()).add((version, origin))
    return found


def properties(jar: zipfile.ZipFile) -> dict[str, str]:
    """Return the version of each component that tells it."""
    texts = [jar.read(name).decode() for name in jar.namelist() if name.endswith("/pom.properties")]
    pairs = [dict(re.findall(r"^(\w+)=(.*?)\r?$", text, re.MULTILINE)) for text in texts]
    return {f"{each['groupId']}:{each['artifactId']}": each["version"] for each in pairs}


def test_each_component_that_maven_adds_is_listed_with_its_version(jar: zipfile.ZipFile) -> None:
    found = {
        name: version for name, version in properties(jar).items() if not name.startswith("fraudstream:")
    }
    assert len(found) > 20
    missing = {
        name: version
        for name, version in found.items()
        if listed().get(name, set()).isdisjoint({(version, MAVEN), (version, "copy in netty-common")})
    }
    assert missing == {}


def test_each_component_that_the_connector_bundles_is_listed_with_its_version(jar: zipfile.ZipFile) -> None:
    notice = jar.read("META-INF/NOTICE").decode()
    found = re.findall(r"^- ([\w.-]+:[\w.-]+):(\S+)$", notice, re.MULTILINE)
    assert len(found) > 40
    bundled = {
        (name, v) for name, rows in listed().items() for v, origin in rows if origin.startswith("connector")
    }
    assert set(found) == bundled


def test_no_class_is_of_an_unknown_component(jar: zipfile.ZipFile) -> None:
    classes = {
        re.sub(r"^META-INF/versions/\d+/", "", name) for name in jar.namelist() if name.endswith(".class")
    }
    shaded = {name.removeprefix(SHADED) for name in classes if name.startswith(SHADED)}
    unknown = {name for name in classes - {SHADED + name for name in shaded} if not name.startswith(PREFIXES)}
    assert unknown - {"module-info.class"} == set()
    assert {name for name in shaded if not name.startswith(SHADED_PREFIXES)} == set()


def test_what_was_removed_is_gone_and_no_program_is_left(jar: zipfile.ZipFile) -> None:
    names = jar.namelist()
    assert not [name for name in names if name.removeprefix(SHADED).startswith(REMOVED)]
    assert not [name for name in names if re.search(r"\.(so|dll|dylib|jnilib|exe)$", name)]
    assert max(info.file_size for info in jar.infolist()) < 1_000_000


def test_there_is_one_netty_and_it_is_the_new_one(jar: zipfile.ZipFile) -> None:
    versions = re.findall(r"\.version=(\S+)", jar.read("META-INF/io.netty.versions.properties").decode())
    assert set(versions) == {properties(jar)["io.netty:netty-common"]}
    assert f"{SHADED}io/netty/channel/Channel.class" in jar.namelist()
    assert not [name for name in jar.namelist() if name.startswith(("io/netty/", "com/google/protobuf/"))]
