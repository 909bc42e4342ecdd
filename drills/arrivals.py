"""The records of the transaction stream in their order, from the producer's journal.

The journal says which request put a record where. The stream itself, read by the drill and not by the job,
adds the arrival times, and settles the requests whose answer was lost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from drills.load import SentItem
from drills.send_journal import JournalEntry, Place, sha256_of
from fraudstream.streams.protocols import StreamRecord


class JournalError(Exception):
    """The journal and the stream contradict each other, so nothing can be judged."""


class Arrival(NamedTuple):
    """A record in the transaction stream."""

    item: SentItem
    place: Place
    arrival_ms: int
    """Time at which the stream accepted it (epoch milliseconds)."""
    attempted_ms: int
    """Time of the producer's first attempt to put these bytes (epoch milliseconds)."""


def arrivals(
    items: Iterable[SentItem], journal: Sequence[JournalEntry], contents: Iterable[StreamRecord]
) -> list[Arrival]:
    """Return the records of the stream; those of a partition key are in the order of the stream.

    The order is that of the requests, and within a request that of the sequence numbers: shards may be split
    and merged between two requests. Raises `JournalError` if the stream lacks a record that it accepted, or
    has one that the producer did not send.
    """
    by_sha256 = {item.sha256: item for item in items}
    first_ms = _first_attempts_ms(journal)
    found = {Place(each.shard_id, each.sequence_number): each for each in contents}
    requests = _requests(journal, found)
    ordered = sorted(requests.items(), key=lambda pair: (pair[1], int(pair[0].sequence_number)))
    result = []
    for place, _ in ordered:
        sha256 = sha256_of(found[place].data)
        result.append(Arrival(by_sha256[sha256], place, found[place].arrival_ms, first_ms[sha256]))
    return result


def _first_attempts_ms(journal: Sequence[JournalEntry]) -> dict[str, int]:
    first_ms: dict[str, int] = {}
    for entry in journal:
        first_ms.setdefault(entry.sha256, entry.attempted_ms)
    return first_ms


def _requests(journal: Sequence[JournalEntry], found: Mapping[Place, StreamRecord]) -> dict[Place, int]:
    """Return the number of the request that put each record."""
    requests: dict[Place, int] = {}
    unsettled: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in journal:
        if entry.place is not None:
            _check_contents(entry, found.get(entry.place))
            requests[entry.place] = entry.request
        elif not entry.is_answered:
            unsettled[entry.sha256, entry.partition_key].append(entry.request)
    for place, record in sorted(found.items(), key=lambda pair: int(pair[0].sequence_number)):
        if place not in requests:
            candidates = unsettled[sha256_of(record.data), record.partition_key]
            if not candidates:
                msg = f"the stream has a record at {place} that the journal does not have"
                raise JournalError(msg)
            requests[place] = candidates.pop(0)
    return requests


def _check_contents(entry: JournalEntry, record: StreamRecord | None) -> None:
    if record is None or sha256_of(record.data) != entry.sha256:
        msg = f"the stream accepted the record {entry.sha256} at {entry.place}, but does not have it there"
        raise JournalError(msg)
