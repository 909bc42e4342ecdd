"""Description of the machine on which figures were measured."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, str | int]:
    """Return the processor, the number of usable cores and the versions of Python, Java and Flink."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "java": _java(),
        "flink": version("apache-flink"),
    }


def _cpu() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match[1] if match else platform.machine()


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = Path(home) / "bin" / "java" if home else Path("java")
    said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True).stderr
    match = re.search(r'version "([^"]+)"', said)
    return match[1] if match else "unknown"


def describe_machine(facts: dict[str, str | int]) -> str:
    """Return the facts from `machine` as text for a page."""
    return (
        f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, Java {facts['java']}, "
        f"Flink {facts['flink']}"
    )
