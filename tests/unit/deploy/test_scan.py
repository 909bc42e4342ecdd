"""The scan's verdict on pip-audit's answers, and the check of the bills of materials."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import sbom
from deploy.scan import complaints, locked, main

LOCK = "six==1.16.0 \\\n    --hash=sha256:00\nMoto[server]==5.2.5 \\\n    --hash=sha256:00\n# urllib3==1\n"
CLEAN = {"name": "six", "version": "1.16.0", "vulns": []}
MOTO = {"name": "moto", "version": "5.2.5", "vulns": []}
# pip-audit's own answer without a database: it exits with 0.
SKIPPED = {
    "name": "six",
    "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.16.0)",
}
WEAK = {
    "name": "moto",
    "version": "5.2.5",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["5.2.6", "6"]}, {"id": "PYSEC-2", "fix_versions": []}],
}


def test_the_pins_of_a_lock_are_found() -> None:
    assert locked(LOCK) == {"six", "moto"}


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([CLEAN, MOTO], []),
        ([SKIPPED, MOTO], [f"skipped: {SKIPPED['skip_reason']}"]),
        ([CLEAN], ["not scanned: moto"]),
        ([], ["not scanned: moto", "not scanned: six"]),
        (
            [CLEAN, WEAK],
            ["moto 5.2.5: PYSEC-1, fixed in 5.2.6, 6", "moto 5.2.5: PYSEC-2, fixed in no release"],
        ),
    ],
)
def test_skipped_missing_and_vulnerable_packages_are_problems(
    packages: list[dict[str, Any]], expected: list[str]
) -> None:
    assert complaints({"dependencies": packages}, locked(LOCK)) == expected


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (json.dumps({"dependencies": [CLEAN, MOTO]}), 0, "2 packages scanned, no known vulnerability"),
        (json.dumps({"dependencies": [SKIPPED, MOTO]}), 1, "skipped: Dependency not found"),
        ("", 1, "was not scanned"),
    ],
)
def test_the_exit_code_is_the_scans_and_not_pip_audits(
    answer: str, code: int, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, lock = tmp_path / "pip-audit", tmp_path / "lock.txt"
    program.write_text(f"#!{sys.executable}\nprint({answer!r})\n")
    program.chmod(0o755)
    lock.write_text(LOCK)
    assert main([str(program), str(lock)]) == code
    assert text in "".join(capsys.readouterr())


NAME = sbom.PAGE.name
PAGE = """\
| `io.netty:netty-codec` | 4.1 | Maven |
| `org.jctools:jctools-core` | 4.0 | copy in netty-common |
| `org.flink:kinesis` | 1 | Maven |
| `org.flink:base` | 1 | connector: replaced |
"""


def bom(*names: str, version: str = "1") -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "components": [{"name": name, "version": version} for name in names]}


def java_bom(*, netty: str = "4.1", kinesis: str = "1", group: str = "org.flink") -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "components": [
            {"group": "io.netty", "name": "netty-codec", "version": netty},
            {"group": group, "name": "kinesis", "version": kinesis},
        ],
    }


def test_a_complete_bill_of_materials_has_no_problem() -> None:
    assert sbom.problems(bom("six", "moto"), java_bom(), LOCK, PAGE) == []


@pytest.mark.parametrize(
    ("python", "java", "problem"),
    [
        (bom("six"), java_bom(), "python: moto of requirements.txt is missing"),
        (bom("six", "moto"), java_bom(group="other"), f"java: org.flink:kinesis 1 of {NAME} is missing"),
        (
            {"components": bom("six", "moto")["components"]},
            java_bom(),
            "python: not a CycloneDX document",
        ),
        (bom("six", "moto"), java_bom(kinesis=""), "java: kinesis has no version"),
        (bom("six", "moto"), java_bom(netty="4.2"), f"java: io.netty:netty-codec 4.1 of {NAME} is missing"),
    ],
)
def test_an_incomplete_bill_of_materials_is_refused(
    python: dict[str, Any], java: dict[str, Any], problem: str
) -> None:
    assert problem in sbom.problems(python, java, LOCK, PAGE)
