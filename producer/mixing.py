"""What goes on the stream and in what order: good transactions, with broken and doubled ones among them."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, NamedTuple

from fraudstream.streams.protocols import Record
from producer.broken import BROKEN_KINDS, broken_record
from producer.simulation import LabelledTransaction

DOUBLED_AFTER: Final = 25
"""Good transactions between one and its double: more than a default batch, so that they come apart."""


class RecordItem(NamedTuple):
    """One record for the stream, and what is known about it."""

    kind: Literal["good", "broken", "doubled"]
    record: Record
    event_time_ms: int | None = None
    """None for what has none that can be read."""
    labelled: LabelledTransaction | None = None
    """The transaction and its truth; None where nobody here knows that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """How many of each kind; ``good`` is None for a run without an end, which takes no other kind."""

    good: int | None = None
    broken: int = 0
    doubled: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers that can't be spread evenly."""
        if self.good is None and (self.broken or self.doubled):
            msg = "broken and doubled records need a run with an end: --transactions or MAX_BATCHES"
            raise ValueError(msg)
        if self.good is not None and self.doubled > self.good:
            msg = f"{self.doubled} of {self.good} transactions can't be sent twice"
            raise ValueError(msg)


def labelled_items(labelled: Iterable[LabelledTransaction]) -> Iterator[RecordItem]:
    """Return good items, each with its truth."""
    for each in labelled:
        transaction = each.transaction
        record = Record(transaction.to_json(), transaction.account_id)
        yield RecordItem("good", record, transaction.event_time_ms, each)


def mix(
    labelled: Iterable[LabelledTransaction], mixture: Mixture, rng: random.Random, now_ms: Callable[[], int]
) -> Iterator[RecordItem]:
    """Do as `mix_items` does, from transactions with their truth."""
    return mix_items(labelled_items(labelled), mixture, rng, now_ms)


def mix_items(
    good_items: Iterator[RecordItem], mixture: Mixture, rng: random.Random, now_ms: Callable[[], int]
) -> Iterator[RecordItem]:
    """Hand out the good items in their order, the other kinds spread evenly among them.

    Every kind of broken record comes in turn. A double is the same bytes once more, `DOUBLED_AFTER`
    good items later, at the latest at the end. Where the good ones end before ``mixture.good``, there are
    fewer of the others too. ``now_ms`` is the wall clock, which a record from the future is measured against.
    """
    if mixture.good is None:
        yield from good_items
        return
    doubles: deque[tuple[int, RecordItem]] = deque()
    broken_count = 0
    for number, good in enumerate(islice(good_items, mixture.good), start=1):
        yield good
        for _ in range(_due(number, mixture.broken, mixture.good)):
            yield _broken(broken_count, rng, now_ms())
            broken_count += 1
        if _due(number, mixture.doubled, mixture.good):
            doubles.append((number + DOUBLED_AFTER, good._replace(kind="doubled")))
        while doubles and doubles[0][0] <= number:
            yield doubles.popleft()[1]
    yield from (double for _, double in doubles)


def _due(number: int, wanted: int, total: int) -> int:
    """How many of ``wanted`` fall on place ``number`` of ``total`` (from 1) when they are spread evenly."""
    return number * wanted // total - (number - 1) * wanted // total


def _broken(count: int, rng: random.Random, now_ms: int) -> RecordItem:
    kind = BROKEN_KINDS[count % len(BROKEN_KINDS)]
    return RecordItem("broken", Record(broken_record(kind, rng, now_ms), f"broken-{count}"))
