"""The golden lists of the job's operators: ``python -m tests.golden.operators --write``.

Flink maps saved state to operators by uid, so a changed uid loses state. A line is an operator of the
plan: its uid, then its name. Operators whose uid the planner generates (``5_python-calc``) hold no
state.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fraudstream.runtime.project_root import ROOT

FOLDER: Final = ROOT / "tests" / "golden" / "operators"
_ENDPOINT: Final = ("--aws-endpoint-url", "http://127.0.0.1:1")
PLANS: Final[Mapping[str, tuple[str, ...]]] = {
    "live": _ENDPOINT,
    "live-labels": (*_ENDPOINT, "--label-feedback", "true"),
    "live-scored-off": (*_ENDPOINT, "--scored-stream", "off"),
    "bounded": (
        *("--source", "{folder}/in.jsonl", "--features-out", "{folder}/features.jsonl"),
        *("--scores-out", "{folder}/scores.jsonl", "--alerts-out", "{folder}/alerts.jsonl"),
        *("--dead-letters-out", "{folder}/dead.jsonl"),
    ),
}
"""The options of each plan; ``{folder}`` is replaced by a folder for the job's files."""


def golden(plan: str) -> Path:
    """Return the golden file of a plan."""
    return FOLDER / f"{plan}.txt"


@cache
def planned(*arguments: str) -> tuple[tuple[str, str], ...]:
    """Plan the job in a separate process; return the name and the uid of each operator, in order."""
    command = [sys.executable, "-m", "tests.job.identities", *arguments]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple((name, uid) for name, uid in json.loads(output))


def listing(plan: str, folder: Path) -> str:
    """Return the list of a plan's operators; the job writes its files into ``folder``."""
    (folder / "in.jsonl").touch()
    arguments = [argument.format(folder=folder) for argument in PLANS[plan]]
    return "".join(f"{uid}\t{name}\n" for name, uid in planned(*arguments))


def main(arguments: list[str]) -> int:
    """Rewrite the lists with ``--write``."""
    if arguments != ["--write"]:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for plan in PLANS:
        with TemporaryDirectory() as folder:
            golden(plan).write_text(listing(plan, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
