"""File of undeliverable records: alerts that their target refused, and records that are not alerts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import orjson

from alerts.handlers.handler_protocol import HandlerError, Refusal
from alerts.handlers.jsonl import JsonLinesFile
from fraudstream.domain.dead_letter import as_text
from fraudstream.domain.transaction import format_time
from fraudstream.streams.protocols import StreamRecord


class RefusedRecords(Protocol):
    """Keeps refused alerts and unreadable records, in full and with the reason."""

    @property
    def path(self) -> Path | str:
        """Their place, for messages."""

    def add_alerts(self, refusals: Sequence[Refusal], now_ms: int) -> None:
        """Keep alerts that their target refused permanently."""

    def add_record(self, record: StreamRecord, reason: str, now_ms: int) -> None:
        """Keep a stream record that is not a valid alert."""


class RefusedFile:
    """A JSON-lines file of refused alerts and unreadable records, in full and with the reason.

    Nothing is lost; after a crash a line may be present twice. Raises `HandlerError` if the file can't be
    written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = JsonLinesFile(path)
        except OSError as error:
            raise self._broken(error) from error

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self._path

    def add_alerts(self, refusals: Sequence[Refusal], now_ms: int) -> None:
        """Append alerts that their target refused permanently."""
        self._append(
            [
                {
                    "refused_at": format_time(now_ms),
                    "reason": refusal.reason,
                    "alert_id": refusal.handover.alert.alert_id,
                    "alert": refusal.handover.body.decode(),
                }
                for refusal in refusals
            ]
        )

    def add_record(self, record: StreamRecord, reason: str, now_ms: int) -> None:
        """Append a stream record that is not a valid alert."""
        encoding, raw = as_text(record.data)
        self._append(
            [
                {
                    "refused_at": format_time(now_ms),
                    "reason": reason,
                    "shard_id": record.shard_id,
                    "sequence_number": record.sequence_number,
                    "encoding": encoding,
                    "raw": raw,
                }
            ]
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, entries: Sequence[dict[str, str]]) -> None:
        try:
            self._file.append([orjson.dumps(entry) for entry in entries])
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> HandlerError:
        return HandlerError(
            f"the file of refused alerts, {self._path}, can't be written: {error}; "
            "set ALERTS_REFUSED to another path, or allow writing there"
        )
