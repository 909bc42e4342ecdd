"""Packaging of ``build/lambda-alerts.zip``, the Lambda function that delivers alerts.

The handler is ``alerts.aws_lambda.alerts_handler.handler``, for the runtime python3.11 on x86_64. Run
``python -m deploy.lambda_alerts`` after `make setup`.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.archive import NOT_FOR_JOBS, write_archive
from deploy.locked_packages import PackagingError, install_third_party, third_party_files
from fraudstream.runtime.project_root import ROOT

ARCHIVE: Final = ROOT / "build" / "lambda-alerts.zip"
MAX_UNZIPPED_BYTES: Final = 250 * 1024 * 1024
"""Maximum size of a function with its layers, unzipped (Lambda quotas)."""
SOURCES: Final = ("alerts", "fraudstream")
NOT_NEEDED: Final = (*NOT_FOR_JOBS, "alerts/commands", "alerts/dead", "fraudstream/scoring")
"""Folders of `SOURCES` that the function does not import."""
THIRD_PARTY: Final = (
    "annotated-types",
    "boto3",
    "botocore",
    "jmespath",
    "orjson",
    "pydantic",
    "pydantic-core",
    "pydantic-settings",
    "python-dateutil",
    "python-dotenv",
    "s3transfer",
    "six",
    "structlog",
    "typing-extensions",
    "typing-inspection",
    "urllib3",
)
"""Packages that the function imports. Lambda has a boto3 of its own, which changes without notice."""


def function_sources() -> Iterator[tuple[str, Path]]:
    """Yield the archive name and the path of each module that the function needs."""
    left_out = [ROOT / folder for folder in NOT_NEEDED]
    for package in SOURCES:
        for path in (ROOT / package).rglob("*.py"):
            if not any(path.is_relative_to(folder) for folder in left_out):
                yield path.relative_to(ROOT).as_posix(), path


def package(archive: Path = ARCHIVE) -> int:
    """Write the archive and return its unzipped size in bytes.

    Raises `PackagingError` if a package can't be had, or if it would be too large.
    """
    with tempfile.TemporaryDirectory() as folder:
        install_third_party(THIRD_PARTY, Path(folder))
        files = [*function_sources(), *third_party_files(Path(folder), "")]
        size = sum(path.stat().st_size for _, path in files)
        if size >= MAX_UNZIPPED_BYTES:
            msg = f"{archive.name} would have {size:,} bytes unzipped; Lambda takes {MAX_UNZIPPED_BYTES:,}"
            raise PackagingError(msg)
        write_archive(archive, files)
    return size


def main() -> int:
    """Write the archive and print its size; on failure print the reason and return 1."""
    try:
        size = package()
    except PackagingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{ARCHIVE} ({ARCHIVE.stat().st_size:,} bytes, {size:,} unzipped)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
