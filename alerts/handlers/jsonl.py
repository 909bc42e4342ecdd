"""Alerts as lines of a file, synced batch by batch."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome
from alerts.messages import Handover

FILE_MODE: Final = 0o640
"""Alerts name accounts: not for everybody on the machine."""


class JsonLinesFile:
    """A file of JSON lines that is only appended to; raises ``OSError`` where it can't be.

    What a crash left of a last line is cut off when the file is opened: it was not yet recorded as written,
    so it comes again. ``tail`` has the file's last lines as they were then.
    """

    def __init__(self, path: Path, *, tail_lines: int = 0) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
        self._size_bytes = os.fstat(self._descriptor).st_size
        with path.open("rb") as lines:
            self.tail = deque(lines, maxlen=max(1, tail_lines))
        self._mend()

    def _mend(self) -> None:
        """Cut off half a line; a whole one that only lacks its end gets that."""
        last = self.tail[-1] if self.tail else b"\n"
        if last.endswith(b"\n"):
            return
        if is_json(last):
            self.append([b""])
        else:
            self.tail.pop()
            self._size_bytes -= len(last)
            os.ftruncate(self._descriptor, self._size_bytes)

    def append(self, lines: Sequence[bytes]) -> None:
        """Write the lines and sync them to disk: all of them, or none where it raises ``OSError``."""
        data = b"".join(line + b"\n" for line in lines)
        try:
            _write_whole(self._descriptor, data)
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._size_bytes)
            raise
        self._size_bytes += len(data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class JsonLinesHandler:
    """Appends alerts to a file, each once: those of the file's last lines are known by their id.

    These are as many as a crash can have left unrecorded. Raises `HandlerError` if the file can't be opened.
    """

    batch_size = 500

    def __init__(self, path: Path) -> None:
        try:
            self._file = JsonLinesFile(path, tail_lines=self.batch_size)
        except OSError as error:
            msg = f"the file {path} can't be written: {error}; give another one, or the right to write it"
            raise HandlerError(msg) from error
        self._were_there = {alert_id for line in self._file.tail if (alert_id := _alert_id(line))}

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Append those that the file did not have when it was opened; a full disk is tried again."""
        new = [each for each in batch if each.is_replay or each.alert.alert_id not in self._were_there]
        try:
            self._file.append([each.body for each in new])
        except OSError as error:
            return HandlerOutcome(again=batch, problem=f"the file can't be written: {error}")
        return HandlerOutcome()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def is_json(line: bytes) -> bool:
    """Tell whether the line is a whole JSON value."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _alert_id(line: bytes) -> str | None:
    if not is_json(line):
        return None
    record: Any = orjson.loads(line)
    found = record.get("alert_id") if isinstance(record, dict) and "replayed" not in record else None
    return found if isinstance(found, str) else None


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
