"""Handler that appends alerts to a JSON-lines file and syncs it after each batch."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from alerts.handlers.handler_protocol import HandlerError, HandlerOutcome
from alerts.messages import Handover
from fraudstream.runtime.private_files import open_private


class JsonLinesFile:
    """An append-only file of JSON lines. Raises ``OSError`` if it can't be opened or written.

    A partial last line, left by a crash, is removed when the file is opened: it was never recorded as
    written, so it is delivered again. ``tail`` holds the file's last lines at that time.
    """

    def __init__(self, path: Path, *, tail_lines: int = 0) -> None:
        self._descriptor = open_private(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        self._size_bytes = os.fstat(self._descriptor).st_size
        with path.open("rb") as lines:
            self.tail = deque(lines, maxlen=max(1, tail_lines))
        self._mend()

    def _mend(self) -> None:
        """Remove a partial last line; append the missing line end to a complete one."""
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
        """Write the lines and sync them to disk: all of them, or none if it raises ``OSError``."""
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
    """Append alerts to a file, each once.

    Alerts in the last ``batch_size`` lines are recognised by their id when they are delivered again. A crash
    can't leave more than that unrecorded. Raises `HandlerError` if the file can't be opened.
    """

    batch_size = 500

    def __init__(self, path: Path) -> None:
        try:
            self._file = JsonLinesFile(path, tail_lines=self.batch_size)
        except OSError as error:
            msg = f"the file {path} can't be written: {error}; use another path, or fix its permissions"
            raise HandlerError(msg) from error
        self._were_there = {alert_id for line in self._file.tail if (alert_id := _alert_id(line))}

    def handle(self, batch: Sequence[Handover]) -> HandlerOutcome:
        """Append the alerts that were not in the file when it was opened; a write error is retried."""
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
    """Return whether the line is a complete JSON value."""
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
