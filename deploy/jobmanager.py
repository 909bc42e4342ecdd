"""Start of the JobManager in a container: the job continues from the newest checkpoint that it left.

``python -m deploy.jobmanager /opt/flink/bin/standalone-job.sh start-foreground …`` becomes that command, with
the checkpoint added. Flink itself finds checkpoints again only with ZooKeeper or Kubernetes (docs/adr/0027).
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.retained_checkpoints import plan_start, prepare

START: Final = "start-foreground"
"""Word of the command behind which options of Flink may stand."""
CHECKPOINTS: Final = "-Dexecution.checkpointing.dir="
RECOVERY: Final = "-Dexecution.state-recovery.path="
# Flink deletes the checkpoint once newer ones exist.
CLAIM: Final = "-Dexecution.state-recovery.claim-mode=CLAIM"
FROM_SAVEPOINT: Final = "FRAUDSTREAM_FROM_SAVEPOINT"
"""The setting counts for the first start only: later, it would undo everything since."""


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


def continued(command: list[str], environment: Mapping[str, str]) -> list[str]:
    """Return ``command`` with the options that restore the newest checkpoint, or the savepoint to begin with.

    Without either it is returned unchanged. Notes the checkpoint in its folder, and deletes older ones that
    are left over. Raises `StartError` if the command has no `START` or checkpoint folder.
    """
    if START not in command:
        msg = f"the command has no {START}: {' '.join(command)}"
        raise StartError(msg)
    folder = checkpoint_folder(command)
    checkpoint = _checkpoint(folder)
    savepoint = environment.get(FROM_SAVEPOINT)
    options = []
    if checkpoint is not None:
        options = [f"{RECOVERY}{checkpoint.as_uri()}", CLAIM]
    elif savepoint is not None:
        options = [f"{RECOVERY}{savepoint}"]
    if checkpoint is not None and savepoint is not None:
        sys.stderr.write(
            f"{FROM_SAVEPOINT}={savepoint} is ignored, as the job has checkpoints: to go back to the "
            f"savepoint, stop the job and delete what is in {folder}\n"
        )
    place = command.index(START) + 1
    return [*command[:place], *options, *command[place:]]


def _checkpoint(folder: Path) -> Path | None:
    """Return the checkpoint to start from, if there is one, after preparing its folder."""
    try:
        start = plan_start(folder)
        if start is None:
            return None
        if start.warning:
            sys.stderr.write(f"{start.warning}\n")
        prepare(folder, start)
    except OSError as error:
        msg = f"the checkpoint folder {folder} cannot be used ({error}): let this user read and write it"
        raise StartError(msg) from None
    return start.checkpoint


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
