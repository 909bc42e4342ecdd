"""Hooks and environment for every test, and for every process that a test starts."""

import os
import signal
from collections.abc import Iterator
from typing import Final

import pytest

from tests import fuzz_budget

SETTINGS: Final = (
    *("FRAUDSTREAM_", "ALERTS_", "TRANSACTION_API_", "DECISION_API_", "LOCALSTACK_"),
    *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "KINESIS_STREAM_NAME"),
)
"""Beginnings of the names of variables that are settings of the developer's own runs."""
for name in [each for each in os.environ if each.startswith(SETTINGS)]:
    del os.environ[name]
os.environ["FRAUDSTREAM_ENV_FILE"] = os.devnull
"""Tests ignore the local settings file of the developer, too."""
os.environ.setdefault("JVM_ARGS", "-XX:TieredStopAtLevel=1")
"""The C2 compiler takes a third of a short job's CPU time and does not pay off in tests this short."""
fuzz_budget.load_profile()


@pytest.fixture(autouse=True)
def own_signal_handlers() -> Iterator[None]:
    """Restore the signal handlers after a test: a command that runs within it replaces them."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--fail-on-skip``: in a complete installation, a skipped test hides a missing install step."""
    parser.addoption("--fail-on-skip", action="store_true", help="Exit with 1 if a test was skipped")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which tests were skipped, if ``--fail-on-skip`` is given."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not session.config.getoption("--fail-on-skip"):
        return
    if reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
