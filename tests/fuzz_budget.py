"""Budget of the property and fuzz tests: how many examples they draw, and from which seed.

The suite draws the same few examples every time, so that no run of it fails by chance. ``make fuzz`` sets
``FUZZ_TIMES``: as many times the examples, from a new seed, and failures are kept in ``.hypothesis``.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings

VARIABLE: Final = "FUZZ_TIMES"
TIMES: Final = int(os.environ.get(VARIABLE, "0"))
"""Factor of the budget; 0 in the suite."""


def load_profile() -> None:
    """Make the budget the default of every hypothesis test; call this before test modules are imported.

    An example has no time limit of its own: on a busy machine any example can take long.
    """
    settings.register_profile(
        "project",
        deadline=None,
        derandomize=not TIMES,
        print_blob=bool(TIMES),
        max_examples=100 * max(1, TIMES),
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("project")


def examples(number: int) -> settings:
    """Return the settings of a test that draws ``number`` examples in the suite, more in ``make fuzz``."""
    return settings(max_examples=number * max(1, TIMES))
