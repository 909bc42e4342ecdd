"""Packaging of ``build/managed-flink.zip``, the application for Amazon Managed Service for Apache Flink.

    main.py                          the run option ``python``
    lib/pyflink-dependencies.jar     ``jarfile``: the kernel and the Kinesis connector
    packages/                        ``pyFiles``: the project's packages with the model, and third-party ones

Run ``python -m deploy.managed_flink`` after `make setup`; with ``--profiles`` for a job with a profile store,
whose drivers are then in the jar.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from deploy.archive import MODEL_FOLDER, files_below, job_sources, write_archive
from fraudstream.runtime.project_root import ROOT

ARCHIVE: Final = ROOT / "build" / "managed-flink.zip"
JAR: Final = ROOT / "build" / "pyflink-dependencies.jar"
PROFILES_JAR: Final = ROOT / "build" / "fraudstream-profiles.jar"
SERVICES: Final = "META-INF/services/"
LOCK: Final = ROOT / "requirements-runtime.txt"
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
PLATFORM: Final = ("--python-platform", "x86_64-manylinux_2_28", "--python-version", "3.11")
MAIN: Final = ROOT / "deploy" / "main.py"


class PackagingError(Exception):
    """The archive can't be written. The message says what is missing or what went wrong."""


def locked(names: tuple[str, ...], lock: str) -> str:
    """Return the part of a lock file that pins ``names``, including hashes.

    Raises `PackagingError` if one of them is missing.
    """
    lines = lock.splitlines()
    parts: list[str] = []
    for name in names:
        start = next((at for at, line in enumerate(lines) if line.startswith(f"{name}==")), None)
        if start is None:
            msg = f"{LOCK.name} does not pin {name}; run `make lock`"
            raise PackagingError(msg)
        hashes = takewhile(lambda line: line.startswith(" "), lines[start + 1 :])
        parts += [lines[start], *hashes]
    return "\n".join([*parts, ""])


def install_third_party(target: Path) -> None:
    """Unpack the locked wheels of `THIRD_PARTY` for the service's platform into ``target``."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(locked(THIRD_PARTY, LOCK.read_text()))
        requirements.flush()
        uv = Path(sys.executable).with_name("uv")
        command: list[str | Path] = [uv, "pip", "install", "--quiet", "--target", target, *PLATFORM]
        command += ["--only-binary", ":all:", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*command, "--requirements", requirements.name], capture_output=True, text=True, check=False
        )
    if done.returncode:
        msg = f"the packages could not be installed: {done.stderr.strip()}"
        raise PackagingError(msg)


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
    for name, path in files_below(third_party, PACKAGES):
        # uv's own files record how the packages were installed and are not part of them.
        if path.name not in {".lock", "INSTALLER", "REQUESTED"} and path.parent.name != "bin":
            yield name, path


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
        install_third_party(Path(folder))
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
