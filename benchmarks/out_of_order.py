"""Cost of event times out of order for one busy account: ``python -m benchmarks.out_of_order``."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.runtime.command_app import run_command
from fraudstream.runtime.project_root import ROOT

TEST_CLASSES: Final = ROOT / "kernel" / "core" / "target" / "test-classes"
CORE_JAR: Final = ROOT / "build" / "fraudstream-core.jar"
MAIN: Final = "fraudstream.kernel.features.OutOfOrderBenchmark"

console = Console()


def main() -> None:
    """Print the processor time per transaction by the order of event times, and the ratios.

    Counts parsing and the account's windows in one thread, with the built-in catalogue. Exits with code 1
    if java or the kernel's compiled classes are missing.
    """
    java = shutil.which("java")
    if java is None or not TEST_CLASSES.is_dir() or not CORE_JAR.is_file():
        console.print(f"needs java, {TEST_CLASSES} and {CORE_JAR}; run `make setup check`")
        raise typer.Exit(1)
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder) / "catalogue.json"
        catalogue.write_text(BUILT_IN.to_json())
        subprocess.run(
            [java, "-cp", os.pathsep.join(map(str, [TEST_CLASSES, CORE_JAR])), MAIN, catalogue], check=True
        )


if __name__ == "__main__":
    run_command(main)
