"""Start of the JobManager in a container: the job continues from the newest checkpoint that it left.

``python -m deploy.jobmanager /opt/flink/bin/standalone-job.sh start-foreground …`` becomes that command, with
the checkpoint added. Flink itself finds checkpoints again only with ZooKeeper or Kubernetes (docs/adr/0027).
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

START: Final = "start-foreground"
"""Word of the command behind which options of Flink may stand."""
CHECKPOINTS: Final = "-Dexecution.checkpointing.dir="
RECOVERY: Final = "-Dexecution.state-recovery.path="
# Flink deletes the checkpoint once newer ones exist; otherwise each start would leave one behind.
CLAIM: Final = "-Dexecution.state-recovery.claim-mode=CLAIM"
FROM_SAVEPOINT: Final = "FRAUDSTREAM_FROM_SAVEPOINT"
"""The setting counts for the first start only: later, it would undo everything since."""
MAGIC: Final = bytes.fromhex("4960672d")
"""First bytes of a checkpoint's ``_metadata`` (Flink's ``Checkpoints.HEADER_MAGIC_NUMBER``)."""


class StartError(Exception):
    """The command or its checkpoint folder is unusable; the message has the fix."""


def checkpoint_folder(command: list[str]) -> Path:
    """Return the folder of the option `CHECKPOINTS`; raises `StartError` if it is missing or not local."""
    uris = [word.removeprefix(CHECKPOINTS) for word in command if word.startswith(CHECKPOINTS)]
    if not uris or urlsplit(uris[-1]).scheme != "file":
        found = uris[-1] if uris else "missing"
        msg = f"{CHECKPOINTS}URI is {found}; only file:///FOLDER can be searched for checkpoints"
        raise StartError(msg)
    folder = Path(urlsplit(uris[-1]).path)
    if not folder.is_dir():
        msg = f"the checkpoint folder {folder} does not exist; mount it, as the job would start without state"
        raise StartError(msg)
    return folder


def newest_checkpoint(folder: Path) -> Path | None:
    """Return the newest complete checkpoint below ``folder`` (``<job>/chk-<number>``); None if there is none.

    It is the one with the highest number of the job that wrote last: a clock may be set back between two.
    """
    by_job: dict[Path, list[Path]] = {}
    for checkpoint in _complete(folder):
        by_job.setdefault(checkpoint.parent, []).append(checkpoint)
    if not by_job:
        return None
    job = max(by_job, key=lambda each: max(_written(checkpoint) for checkpoint in by_job[each]))
    return max(by_job[job], key=_number)


def _complete(folder: Path) -> Iterator[Path]:
    for metadata in folder.glob("*/chk-*/_metadata"):
        with metadata.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC and metadata.parent.name.removeprefix("chk-").isdecimal():
                yield metadata.parent
            else:
                sys.stderr.write(f"ignored: {metadata} is not the metadata of a checkpoint\n")


def _number(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("chk-"))


def _written(checkpoint: Path) -> float:
    return (checkpoint / "_metadata").stat().st_mtime


def continued(command: list[str], environment: Mapping[str, str]) -> list[str]:
    """Return ``command`` with the options that restore the newest checkpoint, or the savepoint to begin with.

    Without either it is returned unchanged. Raises `StartError` if it has no `START` or checkpoint folder.
    """
    if START not in command:
        msg = f"the command has no {START}: {' '.join(command)}"
        raise StartError(msg)
    checkpoint = newest_checkpoint(checkpoint_folder(command))
    options = []
    if checkpoint is not None:
        options = [f"{RECOVERY}{checkpoint.as_uri()}", CLAIM]
    elif FROM_SAVEPOINT in environment:
        options = [f"{RECOVERY}{environment[FROM_SAVEPOINT]}"]
    place = command.index(START) + 1
    return [*command[:place], *options, *command[place:]]


def main(command: list[str]) -> None:
    """Replace this process by the command; exits with 2 if there is nothing to start."""
    try:
        words = continued(command, os.environ)
    except StartError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    found = [word for word in words if word.startswith(RECOVERY)]
    sys.stderr.write(f"starting from {found[0].removeprefix(RECOVERY) if found else 'no state'}\n")
    sys.stderr.flush()
    environment = {name: value for name, value in os.environ.items() if name != FROM_SAVEPOINT}
    os.execvpe(words[0], words, environment)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main(sys.argv[1:])
