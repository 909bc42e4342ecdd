"""Order of the records on the stream: good transactions, with broken and duplicate records among them."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, NamedTuple

from fraudstream.streams.protocols import Record
from producer.broken import BROKEN_KINDS, broken_record
from producer.simulation import LabelledTransaction

DUPLICATE_AFTER: Final = 25
"""Good transactions between a transaction and its duplicate: more than a default batch, so that they are sent
in different batches."""


class RecordItem(NamedTuple):
    """One record for the stream, with its kind, event time and label."""

    kind: Literal["good", "broken", "duplicate"]
    record: Record
    event_time_ms: int | None = None
    """None if the record has no readable event time."""
    labelled: LabelledTransaction | None = None
    """The transaction and its label; None if the label is not known here."""
    is_suspected: bool | None = None
    """Whether all signs of a fraud pattern hold, for transactions without a label; None if not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Number of records of each kind; ``good`` is None for an endless run, which allows no other kind."""

    good: int | None = None
    broken: int = 0
    duplicates: int = 0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for numbers that can't be spread evenly."""
        if self.good is None and (self.broken or self.duplicates):
            msg = "--broken and --duplicates need a limit: set --transactions or MAX_BATCHES"
            raise ValueError(msg)
        if self.good is not None and self.duplicates > self.good:
            msg = f"--duplicates {self.duplicates} exceeds the {self.good} valid transactions of the run"
            raise ValueError(msg)


def labelled_items(labelled: Iterable[LabelledTransaction]) -> Iterator[RecordItem]:
    """Yield a good item for each transaction, with its label."""
    for each in labelled:
        transaction = each.transaction
        record = Record(transaction.to_json(), transaction.account_id)
        yield RecordItem("good", record, transaction.event_time_ms, each)


def mix(
    labelled: Iterable[LabelledTransaction], mixture: Mixture, rng: random.Random, now_ms: Callable[[], int]
) -> Iterator[RecordItem]:
    """Mix as `mix_items` does, starting from labelled transactions."""
    return mix_items(labelled_items(labelled), mixture, rng, now_ms)


def mix_items(
    good_items: Iterator[RecordItem], mixture: Mixture, rng: random.Random, now_ms: Callable[[], int]
) -> Iterator[RecordItem]:
    """Yield the good items in their order, with the other kinds spread evenly among them.

    Broken records take each kind in turn. A duplicate is the same bytes again, `DUPLICATE_AFTER` good items
    later, or at the end if that comes first. If the good items end before ``mixture.good``, there are fewer
    of the others too. ``now_ms`` returns the wall clock, from which records with a future event time are
    dated.
    """
    if mixture.good is None:
        yield from good_items
        return
    pending: deque[tuple[int, RecordItem]] = deque()
    broken_count = 0
    for number, good in enumerate(islice(good_items, mixture.good), start=1):
        yield good
        for _ in range(_due(number, mixture.broken, mixture.good)):
            yield _broken(broken_count, rng, now_ms())
            broken_count += 1
        if _due(number, mixture.duplicates, mixture.good):
            pending.append((number + DUPLICATE_AFTER, good._replace(kind="duplicate")))
        while pending and pending[0][0] <= number:
            yield pending.popleft()[1]
    yield from (duplicate for _, duplicate in pending)


def _due(number: int, wanted: int, total: int) -> int:
    """Return how many of ``wanted`` evenly spread records belong at ``number`` of ``total`` (from 1)."""
    return number * wanted // total - (number - 1) * wanted // total


def _broken(count: int, rng: random.Random, now_ms: int) -> RecordItem:
    kind = BROKEN_KINDS[count % len(BROKEN_KINDS)]
    return RecordItem("broken", Record(broken_record(kind, rng, now_ms), f"broken-{count}"))
