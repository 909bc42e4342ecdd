"""Packaging of ``build/managed-flink.zip``, the application for Amazon Managed Service for Apache Flink.

    main.py                          the run option ``python``
    lib/pyflink-dependencies.jar     ``jarfile``: the kernel and the Kinesis connector
    packages/                        ``pyFiles``: the project's packages with the model, and third-party ones

Run ``python -m deploy.managed_flink`` after `make setup`; with ``--profiles`` for a job with a profile store,
whose drivers are then in the jar.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from deploy.archive import MODEL_FOLDER, files_below, job_sources, write_archive
from deploy.locked_packages import PackagingError, install_third_party, third_party_files
from fraudstream.runtime.project_root import ROOT

ARCHIVE: Final = ROOT / "build" / "managed-flink.zip"
JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
PROFILES_JAR: Final = ROOT / "build" / "fraudstream-profiles.jar"
SERVICES: Final = "META-INF/services/"
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


def merge_jars(target: Path, first: Path, second: Path) -> None:
    """Write a jar with the files of both; of a file in both, services are joined, and else the first wins."""
    with ZipFile(first) as kept, ZipFile(second) as added, ZipFile(target, "w", ZIP_DEFLATED) as merged:
        names = set(kept.namelist())
        others = set(added.namelist())
        for info in kept.infolist():
            content = kept.read(info)
            if info.filename in others and info.filename.startswith(SERVICES) and not info.is_dir():
                content = content.rstrip(b"\n") + b"\n" + added.read(info.filename)
            merged.writestr(info, content)
        for info in added.infolist():
            if info.filename not in names:
                merged.writestr(info, added.read(info))


def contents(third_party: Path, jar: Path = JAR) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file of the archive."""
    yield MAIN.name, MAIN
    yield f"lib/{JAR.name}", jar
    for name, path in job_sources():
        yield f"{PACKAGES}/{name}", path
    yield from files_below(ROOT / MODEL_FOLDER, f"{PACKAGES}/{MODEL_FOLDER.as_posix()}")
    yield from third_party_files(third_party, PACKAGES)


def package(archive: Path = ARCHIVE, *, with_profiles: bool = False) -> None:
    """Write the archive; raises `PackagingError` if it can't be written or would be too large."""
    for needed in (JAR, PROFILES_JAR) if with_profiles else (JAR,):
        if not needed.is_file():
            msg = f"{needed} does not exist; run `make setup`"
            raise PackagingError(msg)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as jars:
        jar = JAR
        if with_profiles:
            jar = Path(jars) / JAR.name
            merge_jars(jar, JAR, PROFILES_JAR)
        install_third_party(THIRD_PARTY, Path(folder))
        write_archive(archive, contents(Path(folder), jar))
    size = archive.stat().st_size
    if size >= MAX_BYTES:
        msg = f"{archive} has {size:,} bytes; the service accepts fewer than {MAX_BYTES:,}"
        raise PackagingError(msg)


def main() -> int:
    """Write the archive and print its size; on failure print the reason and return 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy.managed_flink")
    parser.add_argument("--profiles", action="store_true", help="add the profile stores' drivers to the jar")
    with_profiles = parser.parse_args().profiles
    try:
        package(with_profiles=with_profiles)
    except PackagingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"{ARCHIVE} ({ARCHIVE.stat().st_size:,} bytes)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
