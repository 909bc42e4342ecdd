"""Where the model runs, and how long a transaction waits for its batch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from jobs import kernel, python_mode
from jobs.connectors import connector_for
from jobs.job_settings import JobSettings
from jobs.kernel import job_config


def settings(*arguments: str) -> JobSettings:
    return JobSettings.load(arguments, env_file=None)


@pytest.fixture(name="libpython")
def fixture_libpython(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    found = "/usr/lib/libpython3.11.so" if request.param else None
    monkeypatch.setattr(python_mode, "find_libpython", lambda: found)


@pytest.mark.parametrize(
    ("asked", "is_on_cluster", "libpython", "mode"),
    [
        ("auto", False, True, "thread"),
        ("auto", False, False, "process"),
        ("auto", True, True, "process"),
        ("auto", True, False, "process"),
        ("process", False, True, "process"),
        ("process", True, True, "process"),
        ("thread", False, True, "thread"),
        # The client's Python is independent of the workers' Python.
        ("thread", True, False, "thread"),
    ],
    indirect=["libpython"],
)
@pytest.mark.usefixtures("libpython")
def test_the_python_mode_follows_the_setting_the_cluster_and_libpython(
    asked: str, mode: str, *, is_on_cluster: bool
) -> None:
    assert python_mode.python_mode(settings("--python-mode", asked), is_on_cluster=is_on_cluster) == mode


@pytest.mark.parametrize("libpython", [False], indirect=True)
@pytest.mark.usefixtures("libpython")
def test_an_impossible_thread_mode_is_rejected_with_the_fix() -> None:
    with pytest.raises(SettingsError, match=r"python_mode: 'thread' needs .*; install .* or set python_mode"):
        python_mode.python_mode(settings("--python-mode", "thread"), is_on_cluster=False)


def test_the_machines_plain_python_then_finds_the_project_and_its_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/user")
    plain = Path(sys.base_prefix) / "bin" / "python3"
    ask = "import jobs, pemja; print(jobs.__file__)"
    with python_mode.python_path():
        assert os.environ["PYTHONPATH"].endswith(os.pathsep + "/of/the/user")
        answer = subprocess.run([plain, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(ROOT / "jobs" / "__init__.py")


@pytest.mark.parametrize("inherited", [None, "/of/the/user"])
def test_the_original_path_is_restored_afterwards(
    monkeypatch: pytest.MonkeyPatch, inherited: str | None
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if inherited:
        monkeypatch.setenv("PYTHONPATH", inherited)
    with pytest.raises(RuntimeError), python_mode.python_path():
        raise RuntimeError
    assert os.environ.get("PYTHONPATH") == inherited


def batch_time_ms(*arguments: str) -> object:
    given = settings(*arguments)
    options = connector_for(given).kernel_options
    return job_config(given, BUILT_IN, options, model_version="v1")["batch_time_ms"]


@pytest.mark.parametrize(
    ("arguments", "waits_ms"),
    [
        (["--python-mode", "process"], 20),
        (["--python-mode", "process", "--bundle-time-ms", "7"], 7),
        (["--python-mode", "process", "--source", __file__, "--features-out", "a"], kernel.NO_HURRY_MS),
        (["--python-mode", "process", "--source", __file__, "--features-out", "a", "--source-rate", "5"], 20),
    ],
)
def test_a_batch_waits_as_configured_in_process_mode(arguments: list[str], waits_ms: int) -> None:
    assert batch_time_ms(*arguments) == waits_ms


@pytest.mark.parametrize("libpython", [True], indirect=True)
@pytest.mark.usefixtures("libpython")
def test_thread_mode_uses_a_shorter_wait() -> None:
    assert batch_time_ms("--python-mode", "thread") == 5
