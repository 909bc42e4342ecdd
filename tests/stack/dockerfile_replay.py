"""Replay the COPY instructions of the Dockerfile, so that a test gets an image's files without Docker."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass(slots=True)
class Stage:
    """A stage of a Dockerfile: its copies from the build context, and its last CMD."""

    name: str
    base: str
    workdir: str = "/"
    copies: list[tuple[list[str], str]] = field(default_factory=list)
    """Sources in the context, and the absolute destination; folders end with a slash."""
    command: list[str] = field(default_factory=list)


def read_stages(dockerfile: str) -> dict[str, Stage]:
    """Return the stages by name; the last one, which a build without a target builds, is ``default``."""
    stages: dict[str, Stage] = {}
    for instruction, rest in _instructions(dockerfile):
        if instruction == "FROM":
            base, *name = re.split(r"\s+AS\s+", rest)
            stage = Stage(name[0] if name else "default", base)
            stages[stage.name] = stage
        elif instruction == "WORKDIR":
            stage.workdir = rest
        elif instruction == "COPY" and "--from=" not in rest:
            *sources, destination = [word for word in rest.split() if not word.startswith("--")]
            stage.copies.append((sources, _absolute(stage.workdir, destination)))
        elif instruction == "CMD":
            stage.command = re.findall(r'"([^"]*)"', rest)
    return stages


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    lines = "\n".join(line for line in dockerfile.splitlines() if not line.startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if rest:
            yield instruction.upper(), rest.strip()


def _absolute(workdir: str, destination: str) -> str:
    is_folder = destination.endswith(("/", "."))
    path = str(PurePosixPath(workdir, destination))
    return path + "/" if is_folder and path != "/" else path


def replay(stage: Stage, context: Path, ignored: "Ignored", image: Path) -> None:
    """Copy everything that a stage's build copies from ``context`` to its place below ``image``."""
    for sources, destination in stage.copies:
        for source in sources:
            _copy(context, source, image / destination.lstrip("/"), ignored, into=destination.endswith("/"))


def _copy(context: Path, source: str, target: Path, ignored: "Ignored", *, into: bool) -> None:
    path = context / source
    if path.is_file():
        files = {source: target / path.name if into or target.is_dir() else target}
    else:
        # The contents of a folder are copied, not the folder.
        below = (file for file in path.rglob("*") if file.is_file())
        files = {file.relative_to(context).as_posix(): target / file.relative_to(path) for file in below}
    kept = {name: place for name, place in files.items() if name not in ignored}
    if not kept:
        msg = f"COPY {source}: the build context has no such file; see .dockerignore"
        raise FileNotFoundError(msg)
    for name, place in kept.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(context / name, place)


class Ignored:
    """The paths that ``.dockerignore`` excludes from the build; the last matching line decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._rules = [
            (_pattern(line.removeprefix("!")), not line.startswith("!"))
            for line in lines
            if line and not line.startswith("#")
        ]

    def __contains__(self, path: str) -> bool:
        """Return whether the file at ``path``, relative to the context, is excluded."""
        # A pattern that matches a folder also matches everything below it.
        names = [path, *(parent.as_posix() for parent in PurePosixPath(path).parents)]
        verdicts = [
            is_out for pattern, is_out in self._rules if any(pattern.fullmatch(name) for name in names)
        ]
        return verdicts[-1] if verdicts else False


def _pattern(glob: str) -> re.Pattern[str]:
    parts = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", glob.strip("/"))
    return re.compile("".join(parts.get(token, re.escape(token)) for token in tokens))
