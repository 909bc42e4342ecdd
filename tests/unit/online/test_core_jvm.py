"""The JVM leaves the process as it was: its stack, its signals."""

import subprocess
import sys

from fraudstream.runtime.project_root import ROOT

DEEP = """
from fraudstream.online.core_jvm import start_core
start_core()
import sys
def deeper(levels):
    return levels and [*map(deeper, [levels - 1])][0]
sys.setrecursionlimit(100_000)
print(deeper(2_000))
"""
"""Each level of ``map`` is a call of C within a call of Python: about 600 bytes of the stack."""


def test_the_main_thread_keeps_its_stack() -> None:
    done = subprocess.run([sys.executable, "-c", DEEP], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
