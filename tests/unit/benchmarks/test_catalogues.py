"""Catalogues of many windows are catalogues that the job takes."""

import json
from pathlib import Path

import pytest

from benchmarks.catalogues import LONGEST_MINUTES, write_windows_catalogue
from fraudstream.domain.catalogue import Catalogue
from fraudstream.domain.duration import MINUTE_MS


@pytest.mark.parametrize("windows", [20, 100])
def test_so_many_windows_of_so_many_lengths_reach_equally_far(tmp_path: Path, windows: int) -> None:
    path = write_windows_catalogue(tmp_path, windows)
    catalogue = Catalogue.load(path)
    lengths = {feature["window"] for feature in json.loads(path.read_text())["features"]}
    assert len(catalogue.features) == len(lengths) == windows
    assert catalogue.reach_ms == LONGEST_MINUTES * MINUTE_MS
