"""Reads alerts or dead letters from their stream, each handed out once.

The streams are at-least-once: after a failure the job may write an alert again, with the same id.
The consumer remembers the ids it has handed out, so many at most, and leaves doubles out. It remembers
nothing beyond its life: what goes on after a restart is `alerts.delivery.Delivery`.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final, Generic

from alerts.messages import Message, ReceivedMessage, UnreadableError, parse
from fraudstream.streams.protocols import RecordReader, StreamRecord

REMEMBERED: Final = 100_000
"""Ids; some 20 MB. A double that comes after so many others is handed out once more."""

OnUnreadable = Callable[[StreamRecord, str], None]


class Consumer(Generic[Message]):
    """Hands out the messages of a stream, of all its shards.

    ``unreadable`` and ``doubled`` count what was not handed out; ``on_unreadable`` gets each record
    that is no message, with what is wrong with it.
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
        """Hand out messages for ever, waiting where there are none."""
        while True:
            yield from self.poll()

    def poll(self) -> list[ReceivedMessage[Message]]:
        """Read each shard once and return what is new; see `RecordReader.poll`."""
        received = (self._parse(record) for record in self._reader.poll())
        return [item for item in received if item is not None and self._is_new(item.message.identity)]

    def reached_ms(self) -> int | None:
        """Return the time before which all that arrived was handed out; see `RecordReader.reached_ms`."""
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
