"""The kernel's jars as `make setup` builds them: a core for any JVM, and the job's jar."""

import zipfile
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

CORE = ROOT / "build" / "fraudstream-core.jar"
JOB = ROOT / "build" / "pyflink-dependencies.jar"
SNAPSHOT = "fraudstream/kernel/features/HistorySerializerSnapshot.class"
API = "fraudstream/kernel/OnlineFeatures.class"


def classes(jar: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(jar) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.endswith(".class")}


@pytest.fixture(scope="module")
def core() -> dict[str, bytes]:
    return classes(CORE)


def names(jar: Path) -> set[str]:
    with zipfile.ZipFile(jar) as archive:
        return set(archive.namelist())


def test_no_class_of_the_core_belongs_to_or_refers_to_flink(core: dict[str, bytes]) -> None:
    # A class file names its references as text: with slashes, or with dots for reflective lookups.
    naming = [
        name for name, code in core.items() if b"org/apache/flink" in code or b"org.apache.flink" in code
    ]
    assert naming == []
    assert not [name for name in core if "flink" in name]


def test_a_flink_reference_in_a_class_of_the_job_is_detected() -> None:
    with zipfile.ZipFile(JOB) as archive:
        assert b"org/apache/flink" in archive.read(SNAPSHOT)


def test_the_core_bundles_its_libraries_under_relocated_names(core: dict[str, bytes]) -> None:
    folders = {name.split("/")[0] for name in core if not name.startswith("META-INF/")}
    assert folders == {"fraudstream"}
    assert "fraudstream/shaded/jackson/core/JsonFactory.class" in core
    assert "fraudstream/shaded/codec/digest/MurmurHash3.class" in core


def test_the_core_has_the_api_for_servers_and_no_operators(core: dict[str, bytes]) -> None:
    assert API in core
    assert not [name for name in core if name.startswith("fraudstream/kernel/stream/")]
    assert SNAPSHOT not in core


def test_the_job_jar_has_all_of_the_core_and_the_snapshot_class_that_savepoints_name() -> None:
    found = names(JOB)
    assert SNAPSHOT in found
    assert {name for name in names(CORE) if name.startswith("fraudstream/")} <= found
