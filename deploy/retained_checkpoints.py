"""Checkpoints on the volume of a JobManager: the one to start from, and those that no start needs any more.

Flink gives each start another job id, numbers its checkpoints on from the restored one, and deletes none of
the jobs before, except the one that it restored.
"""

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAGIC: Final = bytes.fromhex("4960672d")
"""First bytes of a checkpoint's ``_metadata`` (Flink's ``Checkpoints.HEADER_MAGIC_NUMBER``)."""
NOTE: Final = "started-from.json"
"""File of the checkpoints that the last starts tried, in order, since one of them made a newer one."""
SHARED: Final = ("shared", "taskowned")
"""Folders of a job beside its checkpoints. Checkpoints of a later job may need what is in them."""


@dataclass(frozen=True)
class Start:
    """A checkpoint to start from."""

    checkpoint: Path
    tried: tuple[str, ...]
    """Names of the checkpoints to note, this one last."""
    left_over: tuple[Path, ...]
    """Folders of checkpoints to delete before the start."""
    warning: str | None = None


def plan_start(folder: Path) -> Start | None:
    """Return the start from the newest checkpoint below ``folder`` (``<job>/chk-<number>``), or None.

    The highest number is the newest: a clock may be set back. If the last start made no newer checkpoint,
    the one that it tried may be damaged, so the next older one is tried; after the oldest, the newest again.
    Nothing is deleted then.
    """
    found = sorted(_complete(folder), key=_age, reverse=True)
    if not found:
        return None
    tried = _tried(folder)
    untried = [each for each in found if _name(each) not in tried]
    if not untried:
        warning = "no start from any checkpoint made a newer one: beginning with the newest again"
        return Start(found[0], (_name(found[0]),), (), warning)
    chosen = untried[0]
    if tried and _number(chosen) <= _number(Path(tried[-1])):
        warning = f"the start from {tried[-1]} made no newer checkpoint: trying the older {_name(chosen)}"
        return Start(chosen, (*tried, _name(chosen)), (), warning)
    # The last one that was tried was good, as a newer one followed.
    return Start(chosen, (_name(chosen),), _left_over(folder, found, chosen, damaged=tried[:-1]))


def prepare(folder: Path, start: Start) -> None:
    """Note the start, and delete what is left over; a folder that cannot be deleted is named and stays.

    Raises ``OSError`` if the note cannot be written.
    """
    new = folder / f"{NOTE}.new"
    new.write_text(json.dumps(start.tried))
    new.replace(folder / NOTE)
    for checkpoint in start.left_over:
        try:
            shutil.rmtree(checkpoint)
        except OSError as error:
            sys.stderr.write(f"not deleted: {checkpoint}: {error}\n")
        _delete_if_empty(checkpoint.parent)


def _left_over(
    folder: Path, found: Sequence[Path], chosen: Path, *, damaged: Sequence[str]
) -> tuple[Path, ...]:
    """Return the folders of older checkpoints, complete or not, without the newest that is not damaged."""
    older = [each for each in found[found.index(chosen) + 1 :] if _name(each) not in damaged]
    kept = {chosen, *older[:1]}
    return tuple(
        each
        for each in sorted(folder.glob("*/chk-*"))
        if _is_numbered(each) and _number(each) <= _number(chosen) and each not in kept
    )


def _complete(folder: Path) -> Iterator[Path]:
    for metadata in folder.glob("*/chk-*/_metadata"):
        with metadata.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC and _is_numbered(metadata.parent):
                yield metadata.parent
            else:
                sys.stderr.write(f"ignored: {metadata} is not the metadata of a checkpoint\n")


def _tried(folder: Path) -> list[str]:
    """Return the names in the note; an unreadable note counts as none."""
    try:
        names = json.loads((folder / NOTE).read_text())
    except (OSError, ValueError):
        return []
    is_valid = isinstance(names, list) and all(isinstance(each, str) for each in names)
    return names if is_valid and all(_is_numbered(Path(each)) for each in names) else []


def _delete_if_empty(job: Path) -> None:
    with contextlib.suppress(OSError):
        if not any(job.glob("chk-*")):
            for name in SHARED:
                if (job / name).is_dir():
                    (job / name).rmdir()
            job.rmdir()


def _is_numbered(checkpoint: Path) -> bool:
    return checkpoint.name.removeprefix("chk-").isdecimal()


def _number(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("chk-"))


def _age(checkpoint: Path) -> tuple[int, float]:
    return _number(checkpoint), (checkpoint / "_metadata").stat().st_mtime


def _name(checkpoint: Path) -> str:
    return f"{checkpoint.parent.name}/{checkpoint.name}"
