"""Where the Python of the job runs: inside Flink's own process, or in a process of its own beside it."""

import contextlib
import os
import sysconfig
from collections.abc import Iterator
from typing import Final, Literal

from find_libpython import find_libpython

from fraudstream.runtime.project_root import ROOT
from fraudstream.runtime.settings_sources import SettingsError
from jobs.job_settings import JobSettings

PythonMode = Literal["thread", "process"]
"""The values of Flink's ``python.execution-mode``."""

_SITE_PACKAGES: Final = tuple(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))


def python_mode(settings: JobSettings, *, is_on_cluster: bool) -> PythonMode:
    """Return where the model runs.

    In a thread of Flink's own process a batch is a call; in a process beside it, each batch goes
    through sockets and Beam, which takes milliseconds. The thread needs Python as a shared library,
    which some builds of Python lack. ``auto`` takes the thread where that library is there and the
    JVM is one that this process starts; on a cluster it takes the process, which asks nothing of the
    workers' JVM. Raises `SettingsError` if the thread is asked for and can't be had.
    """
    if settings.python_mode == "process" or (settings.python_mode == "auto" and is_on_cluster):
        return "process"
    # A cluster's workers have a Python of their own: what is missing there, they say.
    if is_on_cluster or find_libpython() is not None:
        return "thread"
    if settings.python_mode == "auto":
        return "process"
    msg = (
        "python_mode: 'thread' needs Python as a shared library (libpython3.11.so), and this Python has "
        "none; install that library, or a Python built with --enable-shared, or set python_mode to auto"
    )
    raise SettingsError(msg)


@contextlib.contextmanager
def python_path() -> Iterator[None]:
    """Let a Python inside a JVM that starts meanwhile find this project and its packages.

    It begins as the plain Python of the machine, and knows neither the virtual environment nor the
    folder of the script. Other programs that this process starts must not find them there.
    """
    inherited = os.environ.get("PYTHONPATH")
    paths = [str(ROOT), *_SITE_PACKAGES, *([inherited] if inherited else [])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if inherited is not None:
            os.environ["PYTHONPATH"] = inherited
