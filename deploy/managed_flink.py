"""Packaging of ``build/managed-flink.zip``, the application for Amazon Managed Service for Apache Flink.

    main.py                          the run option ``python``
    lib/pyflink-dependencies.jar     ``jarfile``: the kernel and the Kinesis connector
    packages/                        ``pyFiles``: the project's packages with the model, and third-party ones

Run ``python -m deploy.managed_flink`` after `make setup`.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.archive import MODEL_FOLDER, files_below, job_sources, write_archive
from deploy.locked_packages import PackagingError, install_third_party, third_party_files
from fraudstream.runtime.project_root import ROOT

ARCHIVE: Final = ROOT / "build" / "managed-flink.zip"
JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
MAX_BYTES: Final = 512 * 1024 * 1024
"""Maximum size of the code that the service accepts."""
PACKAGES: Final = "packages"
THIRD_PARTY: Final = (
    "annotated-types",
    "orjson",
    "pydantic",
    "pydantic-core",
    "pydantic-settings",
    "python-dotenv",
    "scipy",
    "typing-extensions",
    "typing-inspection",
    "xgboost-cpu",
)
"""Packages that the job imports and that the service's runtime lacks or pins to another release.

The runtime includes apache-flink, and with it pandas, numpy and pyarrow, which must not be replaced.
"""
MAIN: Final = ROOT / "deploy" / "main.py"


def contents(third_party: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file of the archive."""
    yield MAIN.name, MAIN
    yield f"lib/{JAR.name}", JAR
    for name, path in job_sources():
        yield f"{PACKAGES}/{name}", path
    yield from files_below(ROOT / MODEL_FOLDER, f"{PACKAGES}/{MODEL_FOLDER.as_posix()}")
    yield from third_party_files(third_party, PACKAGES)


def package(archive: Path = ARCHIVE) -> None:
    """Write the archive; raises `PackagingError` if it can't be written or would be too large."""
    if not JAR.is_file():
        msg = f"{JAR} does not exist; run `make setup`"
        raise PackagingError(msg)
    with tempfile.TemporaryDirectory() as folder:
        install_third_party(THIRD_PARTY, Path(folder))
        write_archive(archive, contents(Path(folder)))
    size = archive.stat().st_size
    if size >= MAX_BYTES:
        msg = f"{archive} has {size:,} bytes; the service accepts fewer than {MAX_BYTES:,}"
        raise PackagingError(msg)


def main() -> int:
    """Write the archive and print its size; on failure print the reason and return 1."""
    try:
        package()
    except PackagingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{ARCHIVE} ({ARCHIVE.stat().st_size:,} bytes)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
