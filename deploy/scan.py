"""Scan of a lock file for known vulnerabilities that fails when packages were skipped.

``python -m deploy.scan PIP_AUDIT LOCK``. pip-audit says "No known vulnerabilities found" also when it could
not look up a single package.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==", re.MULTILINE)
TIMEOUT_S: Final = 600


def canonical(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> set[str]:
    """Return the names of the packages that a lock file pins."""
    return {canonical(name) for name in PIN.findall(lock)}


def complaints(report: dict[str, Any], expected: set[str]) -> list[str]:
    """Return a line for each vulnerable, skipped or missing package of pip-audit's JSON ``report``."""
    found = []
    audited = set()
    for package in report["dependencies"]:
        name = canonical(package["name"])
        audited.add(name)
        if "skip_reason" in package:
            found.append(f"skipped: {package['skip_reason']}")
        for weakness in package.get("vulns", []):
            fixes = ", ".join(weakness["fix_versions"]) or "no release"
            found.append(f"{name} {package['version']}: {weakness['id']}, fixed in {fixes}")
    return found + [f"not scanned: {name}" for name in sorted(expected - audited)]


def main(arguments: list[str]) -> int:
    """Scan the lock file; return 0 if every package was scanned and is clean, else print the problems."""
    program, lock = arguments
    command = [program, "--requirement", lock, "--no-deps", "--disable-pip", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(f"{lock} was not scanned: {done.stderr}\n")
        return 1
    expected = locked(Path(lock).read_text())
    problems = complaints(report, expected)
    for problem in problems:
        sys.stderr.write(f"{lock}: {problem}\n")
    if not problems:
        sys.stdout.write(f"{lock}: {len(expected)} packages scanned, no known vulnerability\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
