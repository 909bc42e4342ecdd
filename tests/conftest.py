"""What holds for each test and for each process that a test starts."""

import os

import pytest

os.environ["FRAUDSTREAM_ENV_FILE"] = os.devnull
"""No test reads the settings of the person who runs it."""
os.environ.setdefault("JVM_ARGS", "-XX:TieredStopAtLevel=1")
"""The second compiler takes a third of a short job's processor time, and none here earns it back."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--fail-on-skip``: where everything is installed, a skipped test hides a missing install step."""
    parser.addoption("--fail-on-skip", action="store_true", help="Exit with 1 if a test was skipped")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run whose tests all passed or were skipped, if it must not skip any."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not session.config.getoption("--fail-on-skip"):
        return
    if reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
