"""A memory leak of the Python worker, and the job's workaround."""

import multiprocessing
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from apache_beam.metrics import monitoring_infos
from apache_beam.portability.api import beam_fn_api_pb2, metrics_pb2
from apache_beam.runners.worker.bundle_processor import BundleProcessor

from jobs.worker_memory import BUNDLES, looked_up_once, stop_leak

BEAMS_OWN = BundleProcessor.monitoring_infos
BUNDLES_BEFORE = 1_000
BUNDLES_MEASURED = 100_000
MIN_LEAK_BYTES = BUNDLES_MEASURED * 2 * 16
"""Two names per bundle; protobuf allocates at least 16 bytes per copy."""


class Operation:
    """Reports one element per output."""

    def monitoring_infos(
        self, transform_id: str, outputs: dict[str, str]
    ) -> dict[frozenset[str], metrics_pb2.MonitoringInfo]:
        infos = [
            monitoring_infos.int64_counter("beam:metric:element_count:v1", 1, transform_id, pcollection=name)
            for name in outputs.values()
        ]
        return {monitoring_infos.to_key(info): info for info in infos}


def processor(*transforms: str) -> BundleProcessor:
    descriptor = beam_fn_api_pb2.ProcessBundleDescriptor()
    for name in transforms:
        descriptor.transforms[name].outputs["out"] = f"of {name}"
    made = object.__new__(BundleProcessor)
    made.process_bundle_descriptor = descriptor
    made.ops = {name: Operation() for name in transforms}
    return made


@pytest.fixture(autouse=True)
def _beam_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the workaround before each test, in case this process has applied it."""
    monkeypatch.setattr(BundleProcessor, "monitoring_infos", BEAMS_OWN)


def test_a_bundle_reports_the_same_metrics_with_the_workaround() -> None:
    bundles = processor("first", "second")
    expected = bundles.monitoring_infos()
    assert len(expected) == 2
    assert looked_up_once(bundles) == looked_up_once(bundles) == expected


@pytest.mark.parametrize("version", ["4.21.0", "4.23.4", "4.24.4"])
def test_a_leaking_protobuf_version_activates_the_workaround(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr("google.protobuf.__version__", version)
    stop_leak()
    assert BundleProcessor.monitoring_infos is looked_up_once


@pytest.mark.parametrize("version", ["3.20.3", "4.25.0", "5.29.6", "10.0.0rc1"])
def test_a_protobuf_version_without_the_leak_does_not_activate_it(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr("google.protobuf.__version__", version)
    stop_leak()
    assert BundleProcessor.monitoring_infos is not looked_up_once


def test_a_process_without_beam_needs_no_workaround(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, BUNDLES)
    stop_leak()
    assert BundleProcessor.monitoring_infos is not looked_up_once


def grown_bytes(*, with_leak: bool) -> int:
    """Process many bundles; return the growth of this process's own memory."""
    BundleProcessor.monitoring_infos = BEAMS_OWN
    if not with_leak:
        stop_leak()
    bundles = processor("first", "second")
    for _ in range(BUNDLES_BEFORE):
        bundles.monitoring_infos()
    before = in_use_bytes()
    for _ in range(BUNDLES_MEASURED):
        bundles.monitoring_infos()
    return in_use_bytes() - before


def in_use_bytes() -> int:
    anonymous = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert anonymous
    return 1024 * int(anonymous[1])


@pytest.fixture(scope="module")
def new_process() -> Iterator[ProcessPoolExecutor]:
    """Run in a new process, so that memory freed by other tests can't hide growth."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        yield process


def test_memory_does_not_grow_with_the_workaround(new_process: ProcessPoolExecutor) -> None:
    assert new_process.submit(grown_bytes, with_leak=False).result() < MIN_LEAK_BYTES / 4


def test_memory_grows_without_the_workaround(new_process: ProcessPoolExecutor) -> None:
    """If this fails, protobuf has fixed the leak and `jobs.worker_memory` can be removed."""
    assert new_process.submit(grown_bytes, with_leak=True).result() > MIN_LEAK_BYTES / 2
