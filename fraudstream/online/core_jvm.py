"""JVM of the kernel's core inside this process, started once."""

import os
import threading
from pathlib import Path
from typing import Any, Final

from fraudstream.runtime.project_root import find_project_root

JAR_NAME: Final = "fraudstream-core.jar"
PACKAGED_JAR: Final = Path(__file__).parent / JAR_NAME
"""The jar in a wheel."""
MIN_JAVA: Final = 11
MAX_HEAP: Final = "512m"
"""Histories of a few requests, and the cache of the largest ones."""
STACK: Final = "8m"
"""Stack of Java's threads, and of the thread that starts the JVM: by default, the JVM takes all but 1 MB of
that thread's stack away, and deep recursion in C, as in Python's packages, ends the process."""
_lock: Final = threading.Lock()
_started_by: int | None = None
"""The process that started the JVM: a child of a fork has a copy of its memory, and none of its threads."""


class CoreError(Exception):
    """The kernel's core can't be used in this process; the message names the fix."""


def core_jar() -> Path:
    """Return the jar of the core: of the checkout, or else of the wheel; raises `CoreError` if neither is."""
    root = find_project_root()
    candidates = [PACKAGED_JAR] if root is None else [root / "build" / JAR_NAME, PACKAGED_JAR]
    for path in candidates:
        if path.is_file():
            return path
    msg = f"{candidates[0]} does not exist: run `make setup` in a checkout, or install fraudstream[local]"
    raise CoreError(msg)


def start_core() -> Any:  # noqa: ANN401 - JPype has no types
    """Start the JVM of this process if it does not run yet; return the Java package ``fraudstream.kernel``.

    Call it after every fork. Raises `CoreError` without JPype, without Java 11 or later, in a child of a
    process that started it, or if the jar is missing.
    """
    global _started_by  # noqa: PLW0603 - a process has one JVM
    jpype = _jpype()
    with _lock:
        if not jpype.isJVMStarted():
            _start(jpype, core_jar())
            _started_by = os.getpid()
        elif _started_by not in {None, os.getpid()}:
            msg = (
                "the JVM was started before this process was forked: start it in each worker, after the fork"
            )
            raise CoreError(msg)
    return jpype.JPackage("fraudstream").kernel


def _jpype() -> Any:  # noqa: ANN401 - JPype has no types
    try:
        import jpype  # noqa: PLC0415 - the rest of the library works without it
    except ImportError as error:
        msg = f"the kernel's core needs JPype ({error}): pip install 'fraudstream[local]'"
        raise CoreError(msg) from None
    return jpype


def _start(jpype: Any, jar: Path) -> None:  # noqa: ANN401 - JPype has no types
    try:
        # -Xrs leaves the signals to Python: the server ends in order on SIGTERM. The serial collector fits a
        # process that shares its cores with others of its kind.
        jpype.startJVM(
            "-Xrs",
            "-XX:+UseSerialGC",
            f"-Xmx{MAX_HEAP}",
            f"-Xss{STACK}",
            classpath=[str(jar)],
            convertStrings=False,
        )
    except (jpype.JVMNotFoundException, OSError, ValueError) as error:
        msg = f"no Java was found ({error}): install Java {MIN_JAVA} or later, or set JAVA_HOME to its folder"
        raise CoreError(msg) from None
    version = str(jpype.JPackage("java").lang.System.getProperty("java.specification.version"))
    if int(version.removeprefix("1.").split(".")[0]) < MIN_JAVA:
        msg = f"Java {version} is too old: install Java {MIN_JAVA} or later, or set JAVA_HOME to its folder"
        raise CoreError(msg)
