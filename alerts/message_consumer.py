"""Consumer of a stream of alerts or dead letters that skips duplicates.

The streams are at-least-once: after a failure the job may write an alert again, with the same id. The
consumer remembers a limited number of the ids it has returned and skips duplicates of them. Its memory ends
with the process; `alerts.delivery.Delivery` resumes after a restart.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final, Generic

from alerts.messages import Message, ReceivedMessage, UnreadableError, parse
from fraudstream.streams.protocols import RecordReader, StreamRecord

REMEMBERED: Final = 100_000
"""Number of ids to remember, about 20 MB. A duplicate after more ids than that is returned again."""

OnUnreadable = Callable[[StreamRecord, str], None]


class Consumer(Generic[Message]):
    """Returns the messages of all shards of a stream.

    ``unreadable`` and ``doubled`` count the unreadable records and the duplicates that were skipped.
    ``on_unreadable`` receives each unreadable record with the reason.
    """

    def __init__(
        self,
        reader: RecordReader,
        message_type: type[Message],
        *,
        on_unreadable: OnUnreadable,
        remembered: int = REMEMBERED,
    ) -> None:
        self.unreadable = 0
        self.doubled = 0
        self._reader = reader
        self._message_type: type[Message] = message_type
        self._on_unreadable = on_unreadable
        self._remembered = remembered
        self._seen: OrderedDict[str, None] = OrderedDict()

    def __iter__(self) -> Iterator[ReceivedMessage[Message]]:
        """Yield messages without end, waiting for new ones."""
        while True:
            yield from self.poll()

    def poll(self) -> list[ReceivedMessage[Message]]:
        """Read each shard once and return the new messages; see `RecordReader.poll`."""
        received = (self._parse(record) for record in self._reader.poll())
        return [item for item in received if item is not None and self._is_new(item.message.identity)]

    def reached_ms(self) -> int | None:
        """Return the time up to which all records have been returned; see `RecordReader.reached_ms`."""
        return self._reader.reached_ms()

    def _parse(self, record: StreamRecord) -> ReceivedMessage[Message] | None:
        try:
            return parse(record, self._message_type)
        except UnreadableError as error:
            self.unreadable += 1
            self._on_unreadable(record, str(error))
            return None

    def _is_new(self, identity: str | None) -> bool:
        if identity is None:
            return True
        if identity in self._seen:
            self.doubled += 1
            return False
        self._seen[identity] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return True
