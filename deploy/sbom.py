"""Check of the bills of materials: complete, or an error.

``python -m deploy.sbom build/sbom-python.json build/sbom-java.json``
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from deploy.scan import canonical, locked
from fraudstream.runtime.project_root import ROOT

PAGE: Final = ROOT / "docs" / "security-dependencies.md"
MAVEN: Final = "Maven"
"""Origin of the components that Maven adds to the job's jar; it does not see copies in other jars."""
ROW: Final = re.compile(r"^\| `([\w.:-]+)` \| (\S+) \| ([^|]+) \|$", re.MULTILINE)


def components(page: str) -> list[tuple[str, str, str]]:
    """Return ``group:name``, version and origin of each component in the table of `PAGE`'s text."""
    return ROW.findall(page)


def problems(python: dict[str, Any], java: dict[str, Any], lock: str, page: str) -> list[str]:
    """Return what two CycloneDX documents lack; the texts are those of requirements.txt and of `PAGE`."""
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
    built = {(f"{each.get('group')}:{each['name']}", each["version"]) for each in java.get("components", [])}
    listed = {(name, version) for name, version, origin in components(page) if origin == MAVEN}
    return found + [
        f"java: {name} {version} of {PAGE.name} is missing" for name, version in sorted(listed - built)
    ]


def main(arguments: list[str]) -> int:
    """Check both files; return 1 with a line for each problem."""
    python, java = (json.loads(Path(path).read_text()) for path in arguments)
    found = problems(python, java, (ROOT / "requirements.txt").read_text(), PAGE.read_text())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
