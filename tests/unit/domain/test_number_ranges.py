"""The range of each number: what it is, why, and that the page of formats has it."""

import math
import re
import sys

import numpy as np
import pytest

from fraudstream.domain.number_ranges import NUMBER_RANGES
from fraudstream.domain.transaction import COLUMN_KINDS
from fraudstream.runtime.project_root import ROOT

PAGE = ROOT / "docs" / "transactions-and-alerts.md"
LONGEST_WINDOW = 1e8
"""More transactions than any window has."""


def test_every_number_of_a_transaction_has_a_range_and_nothing_else_has() -> None:
    assert list(NUMBER_RANGES) == [name for name, kind in COLUMN_KINDS.items() if kind == "number"]


@pytest.mark.parametrize("name", NUMBER_RANGES)
def test_the_ends_are_in_the_range_and_what_is_past_them_is_not(name: str) -> None:
    allowed = NUMBER_RANGES[name]
    assert allowed.has(allowed.minimum) is not allowed.excludes_min
    assert allowed.has(math.nextafter(allowed.minimum, allowed.maximum))
    assert allowed.has(allowed.maximum)
    for outside in (
        math.nextafter(allowed.minimum, -math.inf),
        math.nextafter(allowed.maximum, math.inf),
        *(-999_999.0, 1e39, -1e39, sys.float_info.max, math.inf, -math.inf, math.nan),
    ):
        assert not allowed.has(outside)


@pytest.mark.parametrize("name", NUMBER_RANGES)
def test_squares_summed_over_the_longest_window_are_within_single_precision(name: str) -> None:
    allowed = NUMBER_RANGES[name]
    for end in (allowed.minimum, allowed.maximum):
        assert np.isfinite(np.float32(end * end * LONGEST_WINDOW))


def test_the_page_of_formats_has_each_range() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| number[^|]*\| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE))
    assert rows == {name: str(allowed) for name, allowed in NUMBER_RANGES.items()}
