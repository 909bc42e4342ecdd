"""Python execution mode of the job: in a thread of Flink's process, or in a separate process."""

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
    """Return the execution mode of the model.

    In a thread of Flink's own process, a batch is a function call; in a separate process, each batch goes
    through sockets and Beam, which takes milliseconds. Thread mode needs Python as a shared library, which
    some builds of Python lack. ``auto`` selects the thread if that library is found and this process starts
    the JVM; on a cluster it selects the process, which has no requirements on the workers' JVM. Raises
    `SettingsError` if the thread is requested but not possible.
    """
    if settings.python_mode == "process" or (settings.python_mode == "auto" and is_on_cluster):
        return "process"
    # A cluster's workers have their own Python; if the library is missing there, they report it.
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
    """Set ``PYTHONPATH`` so that Python inside a JVM started in the context finds this project and packages.

    That Python starts as the system's Python, without the virtual environment and the folder of the script.
    Other programs that this process starts must not inherit the path, so it is restored afterwards.
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
