"""Reading of a stream up to a point in time, with progress, and parsing of times."""

import threading
from collections.abc import Callable, Iterator

from alerts.message_consumer import Consumer
from alerts.messages import Message, ReceivedMessage
from fraudstream.domain.transaction import parse_time_ms
from fraudstream.runtime.bounded_calls import StopRequestedError


def until(
    consumer: Consumer[Message],
    end_ms: int,
    stop: threading.Event,
    on_reached: Callable[[int], None],
) -> Iterator[ReceivedMessage[Message]]:
    """Yield all messages that arrived before ``end_ms`` (epoch milliseconds); ends early on the stop.

    ``on_reached`` receives the reached time after each round over the shards.
    """
    reached_ms: int | None = None
    while not stop.is_set() and (reached_ms is None or reached_ms < end_ms):
        try:
            found = consumer.poll()
        except StopRequestedError:
            return
        for received in found:
            if received.record.arrival_ms < end_ms:
                yield received
        reached_ms = consumer.reached_ms()
        on_reached(min(end_ms, reached_ms or 0))


def time_ms(text: str) -> int:
    """Parse an RFC 3339 time to epoch milliseconds; raises ``ValueError`` with the fix otherwise."""
    try:
        return parse_time_ms(text)
    except ValueError as error:
        msg = f"invalid time {text!r}: use RFC 3339 with a UTC offset, like 2026-01-02T03:04:05Z"
        raise ValueError(msg) from error
