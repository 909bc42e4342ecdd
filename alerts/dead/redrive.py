"""Redrive of dead letters: send their repaired records to the transaction stream, each once."""

from collections.abc import Callable

from alerts.dead.letters import Letter
from alerts.dead.record_repair import Patch, RepairedRecord, RepairError, repair
from alerts.store.redrives import Redrive, RedriveStore
from fraudstream.domain.transaction import format_time
from fraudstream.streams.protocols import Record, RecordWriter
from fraudstream.streams.stream_errors import StreamError


class Redriver:
    """Repair and send the records of dead letters.

    ``again`` also sends records that were sent before; ``now_ms`` is the wall clock. After a crash between
    storing the attempt and the stream's answer, or if a request had no answer, it is unknown whether the
    record is in the stream; it is then sent a second time only if ``again`` is set. If it is in the stream
    twice, the job counts its ``transaction_id`` once.
    """

    def __init__(  # noqa: PLR0913 - dependencies and options
        self,
        store: RedriveStore,
        writer: RecordWriter,
        stream_name: str,
        *,
        patch: Patch | None,
        again: bool,
        max_record_bytes: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._writer = writer
        self._stream_name = stream_name
        self._patch = patch
        self._again = again
        self._max_record_bytes = max_record_bytes
        self._now_ms = now_ms

    def repaired(self, letter: Letter) -> RepairedRecord:
        """Return the record that `redrive` would send, without sending it.

        Raises `RepairError` if `redrive` would not send it.
        """
        repaired = repair(letter.message, self._patch, self._stream_name, self._max_record_bytes)
        tries = self._store.of(letter.letter_id)
        if tries and not self._again:
            raise RepairError(_refusal(tries[-1]))
        return repaired

    def redrive(self, letter: Letter) -> Redrive:
        """Send the letter's record.

        Raises `RepairError` if it can't be sent or was sent before, `StoreError` or `StreamError` if the
        store or the stream is unusable.
        """
        repaired = self.repaired(letter)
        attempt = len(self._store.of(letter.letter_id)) + 1
        redrive = Redrive(
            letter_id=letter.letter_id,
            attempt=attempt,
            began_at_ms=self._now_ms(),
            original=letter.original,
            record=repaired.data,
            patch=self._patch.text if self._patch else None,
        )
        if not self._store.begin(redrive):
            msg = "another process is redriving it; see `alerts dead show`"
            raise RepairError(msg)
        self._send(redrive, repaired)
        return redrive

    def _send(self, redrive: Redrive, repaired: RepairedRecord) -> None:
        try:
            result = self._writer.put([Record(repaired.data, repaired.partition_key)])
        except StreamError as error:
            if not error.may_be_written:
                self._store.forget(redrive)
            raise
        if result.failures:
            msg = (
                f"the stream rejected it ({result.failures[0].error_code}), or the response was lost; "
                "--again sends it again"
            )
            raise RepairError(msg)
        self._store.mark_sent(redrive, self._now_ms())


def _refusal(latest: Redrive) -> str:
    if latest.sent_at_ms is not None:
        return f"already redriven at {format_time(latest.sent_at_ms)}; --again sends it again"
    return (
        f"a redrive started at {format_time(latest.began_at_ms)}, but it is unknown whether its record is in "
        "the stream; --again sends it again, and the job counts a transaction_id once"
    )
