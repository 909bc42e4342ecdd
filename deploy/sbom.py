"""Check of the bills of materials: complete, or an error.

``python -m deploy.sbom build/sbom-python.json build/sbom-java.json``
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from deploy.scan import canonical, locked
from fraudstream.runtime.project_root import ROOT

JAVA: Final = frozenset({"flink-connector-kinesis", "jackson-databind", "netty-codec-http2", "protobuf-java"})
"""Components that the job's jar certainly has."""


def problems(python: dict[str, Any], java: dict[str, Any], lock: str) -> list[str]:
    """Return what two CycloneDX documents lack; ``lock`` is the text of requirements.txt."""
    found = []
    for name, document in (("python", python), ("java", java)):
        if document.get("bomFormat") != "CycloneDX":
            found.append(f"{name}: not a CycloneDX document")
        found += [
            f"{name}: {each['name']} has no version"
            for each in document.get("components", [])
            if not each.get("version")
        ]
    has = {canonical(each["name"]) for each in python.get("components", [])}
    found += [f"python: {name} of requirements.txt is missing" for name in sorted(locked(lock) - has)]
    has = {each["name"] for each in java.get("components", [])}
    return found + [f"java: {name} is missing" for name in sorted(JAVA - has)]


def main(arguments: list[str]) -> int:
    """Check both files; return 1 with a line for each problem."""
    python, java = (json.loads(Path(path).read_text()) for path in arguments)
    found = problems(python, java, (ROOT / "requirements.txt").read_text())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
