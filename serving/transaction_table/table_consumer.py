"""Consumer that fills the transaction table from the streams of transactions, scores and alerts.

Delivery is at-least-once: positions are stored after the items of the records before them, and writing an
item again changes nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from fraudstream.streams.positions import Position
from fraudstream.streams.protocols import StreamRecord
from serving.transaction_table.table_items import Item, ItemKind, SkippedRecordError, item_of
from serving.transaction_table.table_writer import TransactionTableWriter

SAVE_INTERVAL_S: Final = 2.0
"""Interval between two writes of a stream's positions."""


class PositionedReader(Protocol):
    """Reads a stream and tells its positions, like `StreamReader`."""

    def poll(self) -> list[StreamRecord]:
        """Return new records; see `RecordReader.poll`."""

    def positions(self) -> dict[str, Position]:
        """Return the position in each shard."""


class TableSource(NamedTuple):
    """A stream to read, and the kind of item that its records become."""

    kind: ItemKind
    stream: str
    reader: PositionedReader


class TableConsumer:
    """Moves records from the sources to the table.

    ``counts`` has the written, skipped and ignored records by kind. ``on_skipped`` receives each record that
    the table has no place for, with the reason.
    """

    def __init__(
        self,
        sources: Sequence[TableSource],
        writer: TransactionTableWriter,
        *,
        keep_ms: int,
        on_skipped: Callable[[StreamRecord, str], None],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._sources = sources
        self._writer = writer
        self._keep_ms = keep_ms
        self._on_skipped = on_skipped
        self._monotonic_s = monotonic_s
        self._saved: dict[str, Mapping[str, Position]] = {}
        self._save_at_s = dict.fromkeys((source.stream for source in sources), 0.0)

    def step(self) -> int:
        """Read each stream once and write what came; returns the number of records read."""
        return sum(self._move(source) for source in self._sources)

    def save(self) -> None:
        """Store the positions of every stream."""
        for source in self._sources:
            self._save(source)

    def __str__(self) -> str:
        """Return the counts in one line."""
        return ", ".join(f"{count:,} {name}" for name, count in sorted(self.counts.items())) or "nothing read"

    def _move(self, source: TableSource) -> int:
        records = source.reader.poll()
        items = [item for record in records if (item := self._item(source.kind, record)) is not None]
        if items:
            self._writer.write(items)
        self.counts[f"{source.kind}s written"] += len(items)
        if self._monotonic_s() >= self._save_at_s[source.stream]:
            self._save(source)
        return len(records)

    def _item(self, kind: ItemKind, record: StreamRecord) -> Item | None:
        try:
            item = item_of(kind, record, self._keep_ms)
        except SkippedRecordError as error:
            self.counts[f"{kind}s skipped"] += 1
            self._on_skipped(record, str(error))
            return None
        if item is None:
            self.counts[f"{kind}s ignored"] += 1
        return item

    def _save(self, source: TableSource) -> None:
        positions = source.reader.positions()
        earlier = self._saved.get(source.stream, {})
        changed = {shard_id: each for shard_id, each in positions.items() if earlier.get(shard_id) != each}
        if changed:
            self._writer.save(source.stream, changed)
        self._saved[source.stream] = positions
        self._save_at_s[source.stream] = self._monotonic_s() + SAVE_INTERVAL_S
