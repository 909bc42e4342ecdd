"""What goes on the stream and in what order: good transactions, with broken and doubled ones among them."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from producer.broken import BROKEN_KINDS, broken_record
from producer.simulation import LabelledTransaction
from streams.writer import Record

DOUBLED_AFTER: Final = 25
"""Good transactions between one and its double: more than a default batch, so that they come apart."""


class Item(NamedTuple):
    """One record for the stream, and the good transaction in it if there is one."""

    kind: Literal["good", "broken", "doubled"]
    record: Record
    labelled: LabelledTransaction | None = None


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


def mix(
    labelled: Iterable[LabelledTransaction], mixture: Mixture, rng: random.Random, now_ms: Callable[[], int]
) -> Iterator[Item]:
    """Hand out the good transactions in their order, the other kinds spread evenly among them.

    Every kind of broken record comes in turn. A double is the same bytes once more, `DOUBLED_AFTER`
    good transactions later, at the latest at the end. ``now_ms`` is the wall clock, which a record
    from the future is measured against.
    """
    if mixture.good is None:
        yield from (_good(transaction) for transaction in labelled)
        return
    doubles: deque[tuple[int, Item]] = deque()
    broken_count = 0
    for number, transaction in zip(range(1, mixture.good + 1), labelled, strict=False):
        good = _good(transaction)
        yield good
        for _ in range(_due(number, mixture.broken, mixture.good)):
            yield _broken(broken_count, rng, now_ms())
            broken_count += 1
        if _due(number, mixture.doubled, mixture.good):
            doubles.append((number + DOUBLED_AFTER, good._replace(kind="doubled")))
        while doubles and (doubles[0][0] <= number or number == mixture.good):
            yield doubles.popleft()[1]


def _due(number: int, wanted: int, total: int) -> int:
    """How many of ``wanted`` fall on place ``number`` of ``total`` (from 1) when they are spread evenly."""
    return number * wanted // total - (number - 1) * wanted // total


def _good(labelled: LabelledTransaction) -> Item:
    transaction = labelled.transaction
    return Item("good", Record(transaction.to_json(), transaction.account_id), labelled)


def _broken(count: int, rng: random.Random, now_ms: int) -> Item:
    kind = BROKEN_KINDS[count % len(BROKEN_KINDS)]
    return Item("broken", Record(broken_record(kind, rng, now_ms), f"broken-{count}"))
