"""Wait for what another thread or process does."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 30.0
"""Time after which a test fails; nothing is measured."""
INTERVAL_S: Final = 0.01


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return once ``is_so``; fails the test after `PATIENCE_S`."""
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(INTERVAL_S)
