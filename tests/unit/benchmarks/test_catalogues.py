"""The job accepts the benchmark's catalogues with many windows."""

import json
from pathlib import Path

import pytest

from benchmarks.catalogues import MAX_MINUTES, write_windows_catalogue
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.duration import MINUTE_MS


@pytest.mark.parametrize("windows", [20, 100])
def test_the_requested_windows_and_lengths_are_created_with_equal_reach(tmp_path: Path, windows: int) -> None:
    path = write_windows_catalogue(tmp_path, windows)
    catalogue = Catalogue.load(path)
    lengths = {feature["window"] for feature in json.loads(path.read_text())["features"]}
    assert len(catalogue.features) == len(lengths) == windows
    assert catalogue.reach_ms == MAX_MINUTES * MINUTE_MS
