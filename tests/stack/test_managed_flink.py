import json
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Final

import orjson
import pytest
from packaging.requirements import Requirement

from deploy.archive import EARLIEST
from deploy.locked_packages import LOCK, PackagingError, locked
from deploy.managed_flink import MAX_BYTES, package
from drills.cluster import flink, session_cluster
from fraudstream.runtime.project_root import ROOT
from producer.simulation import TrafficOptions, generate
from tests.golden import archives

TRANSACTIONS: Final = 200
LEFT_TO_THE_SERVICE: Final = {"apache_flink", "pyflink", "pandas", "numpy", "pyarrow", "apache_beam", "py4j"}

ONLY_THE_RUNTIME = '''
import os
import sys
from importlib.machinery import PathFinder

RUNTIME = {runtime!r}
# An editable install puts the checkout there, which has every module that the archive may lack.
sys.path[:] = [place for place in sys.path if not os.path.isfile(os.path.join(place, "pyproject.toml"))]


class OnlyTheRuntime:
    """Hides what this machine has installed and the service's runtime has not."""

    def find_spec(self, name, path=None, target=None):
        if path is not None or name in RUNTIME:
            return None
        elsewhere = [place for place in sys.path if not place.endswith("site-packages")]
        spec = PathFinder.find_spec(name, elsewhere)
        if spec is None and PathFinder.find_spec(name) is not None:
            raise ModuleNotFoundError(f"the service's runtime has no {{name}}", name=name)
        return spec


sys.meta_path.insert(0, OnlyTheRuntime())
'''
"""A ``sitecustomize`` module, which every Python process imports first."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("archive") / "managed-flink.zip"
    package(archive)
    return archive


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PYTHONPATH folder that hides every package except apache-flink and its dependencies."""
    folder = tmp_path_factory.mktemp("runtime")
    (folder / "sitecustomize.py").write_text(ONLY_THE_RUNTIME.format(runtime=runtime_modules()))
    return folder


def runtime_modules() -> set[str]:
    needed = {"pip", "setuptools"}
    waiting = ["apache-flink"]
    while waiting:
        name = canonical(waiting.pop())
        if name not in needed:
            needed.add(name)
            waiting += [
                requirement.name
                for requirement in map(Requirement, metadata.requires(name) or [])
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            ]
    modules = metadata.packages_distributions()
    return {module for module, owners in modules.items() if needed & {canonical(owner) for owner in owners}}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as zipped:
        return zipped.namelist()


def test_the_archive_has_the_layout_that_the_run_options_name(archive: Path) -> None:
    found = set(names(archive))
    assert {
        "main.py",
        "lib/pyflink-dependencies.jar",
        "packages/jobs/feature_job.py",
        "packages/jobs/job_settings.py",
        "packages/models/v1/xgboost.ubj",
        "packages/models/v1/manifest.json",
        "packages/xgboost/lib/libxgboost.so",
    } <= found
    jobs = {f"packages/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "jobs").glob("*.py")}
    assert jobs <= found
    # Of models/ only the model itself: no code that trains or evaluates.
    assert {name.split("/")[2] for name in found if name.startswith("packages/models/")} == {"v1"}
    assert not [name for name in found if name.startswith("packages/fraudstream/web/")]
    assert {name.split("/")[0] for name in found} == {"main.py", "lib", "packages"}
    assert LEFT_TO_THE_SERVICE.isdisjoint(
        name.split("/")[1] for name in found if name.startswith("packages/")
    )


def test_the_archive_has_the_files_and_wheels_of_the_golden_list(archive: Path) -> None:
    """Rewrite the list after an intended change: ``python -m tests.golden.archives --write``."""
    assert archives.listing(archive) == archives.golden("managed-flink").read_text()


def test_the_archive_is_smaller_than_the_service_limit(archive: Path) -> None:
    assert archive.stat().st_size < MAX_BYTES


def test_the_same_content_gives_the_same_bytes(archive: Path) -> None:
    assert names(archive) == sorted(names(archive))
    with zipfile.ZipFile(archive) as zipped:
        assert {entry.date_time for entry in zipped.infolist()} == {EARLIEST}
        assert {entry.external_attr for entry in zipped.infolist()} == {0o644 << 16}
    # The archive must not depend on where or when it was unpacked.
    assert not [name for name in names(archive) if name.endswith((".pyc", "/INSTALLER", "/direct_url.json"))]


def test_a_package_missing_from_the_lock_is_an_error() -> None:
    assert locked(("orjson",), LOCK.read_text()).startswith("orjson==")
    with pytest.raises(PackagingError, match="does not pin leftpad"):
        locked(("leftpad",), LOCK.read_text())


def test_settings_come_from_the_runtime_properties_and_the_model_from_the_archive(
    unpacked: Path, runtime: Path, tmp_path: Path
) -> None:
    properties = tmp_path / "application_properties.json"
    group = {"PropertyGroupId": "fraudstream", "PropertyMap": {"alerts_stream": "Alarms", "parallelism": "3"}}
    properties.write_text(json.dumps([group]))
    program = (
        "from pathlib import Path; from jobs.job_settings import JobSettings;"
        "from jobs.feature_job import load_decider; from fraudstream.domain.catalogue import Catalogue;"
        f"settings = JobSettings.load(properties_file=Path({str(properties)!r}), env_file=None);"
        "load_decider(settings, Catalogue.load(settings.catalogue));"
        "print(settings.alerts_stream, settings.parallelism, settings.model)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{runtime}:{unpacked / 'packages'}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["Alarms", "3", str(unpacked / "packages" / "models" / "v1")]


def test_the_archive_runs_with_the_services_packages_only_and_writes_nothing_beside_itself(
    unpacked: Path, runtime: Path, tmp_path: Path
) -> None:
    source = tmp_path / "transactions.jsonl"
    options = TrafficOptions(seed=3, start_ms=1_700_000_000_000)
    made = [transaction for transaction, _ in islice(generate(options), TRANSACTIONS)]
    source.write_bytes(b"".join(transaction.to_json() + b"\n" for transaction in made))
    before = sorted(unpacked.rglob("*"))
    (tmp_path / "cluster").mkdir()
    with session_cluster(tmp_path / "cluster", {"PYTHONPATH": str(runtime)}) as cluster:
        flink(
            cluster,
            *("run", "--python", str(unpacked / "main.py"), "--pyFiles", f"{unpacked}/packages/"),
            *("--jarfile", str(unpacked / "lib" / "pyflink-dependencies.jar")),
            *("--source", str(source), "--scores-out", str(tmp_path / "scores.jsonl")),
        )
    scores = [orjson.loads(line) for line in (tmp_path / "scores.jsonl").read_bytes().splitlines()]
    assert {score["transaction_id"] for score in scores} == {
        transaction.transaction_id for transaction in made
    }
    assert all(0 <= score["score"] <= 1 for score in scores)
    assert sorted(unpacked.rglob("*")) == before
