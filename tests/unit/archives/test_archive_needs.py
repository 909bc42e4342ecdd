"""The packages that a program needs depend on its input: boto3 for S3, rich for archives."""

import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.runtime.project_root import ROOT

READ_FOLDER = """
from pathlib import Path
from fraudstream.archives.archive_reader import archived_lines
from fraudstream.domain.transaction import Transaction
from fraudstream.runtime.aws_settings import AwsSettings
assert list(archived_lines(Path(sys.argv[1]), AwsSettings(), Transaction)) == [b"{}"]
"""


def without(missing: list[str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python without these packages."""
    hidden = f"import sys\nfor name in {missing!r}: sys.modules[name] = None\n"
    command = [sys.executable, "-c", hidden + program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["jobs.feature_job", "fraudstream.archives.record_files"])
def test_a_live_job_does_not_need_the_packages_for_archives(module: str) -> None:
    done = without(["boto3", "botocore", "rich", "typer"], f"import {module}")
    assert done.returncode == 0, done.stderr


def test_local_files_are_read_without_boto3(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{}\n")
    done = without(["boto3", "botocore"], READ_FOLDER, str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_the_hidden_packages_cannot_be_imported(tmp_path: Path) -> None:
    assert "boto3" in without(["boto3"], "import fraudstream.archives.s3_objects").stderr
    assert "rich" in without(["rich"], READ_FOLDER, str(tmp_path)).stderr
