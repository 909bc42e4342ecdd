"""Rows and bytes per second that the job writes to a profile store: ``python -m benchmarks.profile_rates``.

The kernel's core keeps the histories of a simulated bank for some days, then the changes of the last
transactions are counted, as if they arrived at a rate.
"""

import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import track

from benchmarks.result_tables import markdown_table, terminal_table
from benchmarks.transaction_files import SEED, START_MS
from fraudstream.domain.catalogue import BUILT_IN
from fraudstream.domain.duration import DAY_MS
from fraudstream.online.core_jvm import start_core
from fraudstream.profiles.dynamo_items import DEFLATE_LEVEL
from fraudstream.runtime.command_app import run_command
from producer.simulation import TrafficOptions, blocks

PER_ACCOUNT_AND_DAY: Final = 5.0
MAX_RECORD_BYTES: Final = 65_536
ANY_TIME_MS: Final = -1
UNIT_BYTES: Final = 1_024
"""DynamoDB charges a write unit for each KiB that an item begins (pricing page)."""
COLUMNS: Final = ("entity", "changes/s", "rows/s", "bytes/row", "kB/s", "deflated kB/s", "write units/s")


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A changed profile: its entity, its id, and the bytes of the profile, plain and deflated."""

    entity: str
    id: str
    size: int
    deflated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRates:
    """Changes of an entity's profiles per second, and what is written: the last change of each id."""

    entity: str
    changes_per_s: float
    rows_per_s: float
    bytes_per_s: float
    deflated_per_s: float
    units_per_s: float

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the table's row."""
        size = self.bytes_per_s / self.rows_per_s if self.rows_per_s else 0.0
        return (
            self.entity,
            f"{self.changes_per_s:,.0f}",
            f"{self.rows_per_s:,.0f}",
            f"{size:,.0f}",
            f"{self.bytes_per_s / 1_000:,.0f}",
            f"{self.deflated_per_s / 1_000:,.0f}",
            f"{self.units_per_s:,.0f}",
        )


def rates(
    transactions: Sequence[Sequence[ProfileChange]], per_s: float, interval_s: float
) -> list[WriteRates]:
    """Return the rates of each entity, and their sum, if the transactions arrive at ``per_s``.

    ``transactions`` has the changes of each one. An id that changes several times within ``interval_s`` is
    written once, as it was last.
    """
    count = max(1, round(per_s * interval_s))
    batches = [transactions[first : first + count] for first in range(0, len(transactions), count)]
    written = [row for batch in batches for row in _coalesced(itertools.chain.from_iterable(batch))]
    changes = list(itertools.chain.from_iterable(transactions))
    seconds = len(transactions) / per_s
    entities = list(dict.fromkeys(each.entity for each in changes))
    found = [
        _rates(
            entity,
            [each for each in changes if each.entity == entity],
            [each for each in written if each.entity == entity],
            seconds,
        )
        for entity in entities
    ]
    return [*found, _rates("all", changes, written, seconds)]


def _coalesced(changes: Iterable[ProfileChange]) -> list[ProfileChange]:
    return list({(each.entity, each.id): each for each in changes}.values())


def _rates(
    entity: str, changes: Sequence[ProfileChange], written: Sequence[ProfileChange], seconds: float
) -> WriteRates:
    return WriteRates(
        entity=entity,
        changes_per_s=len(changes) / seconds,
        rows_per_s=len(written) / seconds,
        bytes_per_s=sum(each.size for each in written) / seconds,
        deflated_per_s=sum(each.deflated for each in written) / seconds,
        units_per_s=sum(-(-each.deflated // UNIT_BYTES) for each in written) / seconds,
    )


class Histories:
    """The histories of a bank in the kernel's core, in this process."""

    def __init__(self) -> None:
        kernel = start_core()
        self._features = kernel.OnlineFeatures(
            BUILT_IN.to_json(), MAX_RECORD_BYTES, ANY_TIME_MS, DAY_MS, DAY_MS, kernel.record.HashKey.BATCH
        )
        self._entities = [str(each) for each in self._features.entities()]
        self._profiles: dict[tuple[str, str], Any] = {}

    def add(self, record: bytes) -> list[tuple[str, str, bytes]]:
        """Add a transaction; return entity, id and profile of the histories that it changed."""
        event = self._features.transaction(record, 0)
        keys = [
            None if each is None else (entity, str(each))
            for entity, each in zip(self._entities, self._features.ids(event), strict=True)
        ]
        before = [None if key is None else self._profiles.get(key) for key in keys]
        after = self._features.apply(event, before).profiles
        changed = [
            (key, profile) for key, profile in zip(keys, after, strict=True) if key and profile is not None
        ]
        self._profiles.update(changed)
        return [(*key, bytes(profile)) for key, profile in changed]


def measured(accounts: int, days: int, count: int) -> Iterator[list[ProfileChange]]:
    """Yield the changes of the ``count`` transactions that follow ``days`` of a bank's history."""
    options = TrafficOptions(
        seed=SEED,
        accounts=accounts,
        start_ms=START_MS,
        transactions_per_account_per_day=PER_ACCOUNT_AND_DAY,
    )
    records = (record for block in blocks(options) for record in block.records())
    histories = Histories()
    past = round(accounts * days * PER_ACCOUNT_AND_DAY)
    for record in track(
        itertools.islice(records, past), "Histories", total=past, console=Console(stderr=True)
    ):
        histories.add(record)
    for record in itertools.islice(records, count):
        yield [
            ProfileChange(entity, id_, len(profile), len(zlib.compress(profile, DEFLATE_LEVEL)))
            for entity, id_, profile in histories.add(record)
        ]


def main(  # noqa: PLR0913 - the options of a command line
    *,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the simulated bank")] = 2_000,
    days: Annotated[int, typer.Option(min=0, help="Days of history before the measurement")] = 30,
    transactions: Annotated[int, typer.Option(min=1, help="Transactions to measure")] = 20_000,
    rate: Annotated[float, typer.Option(min=0.1, help="Transactions per second to count for")] = 1_000.0,
    interval_seconds: Annotated[
        float, typer.Option(min=0.001, help="Interval in which the changes of an id are written once")
    ] = 1.0,
    markdown: Annotated[bool, typer.Option(help="Print the table as Markdown")] = False,
) -> None:
    """Measure the rows, bytes and DynamoDB write units per second of the job's profiles."""
    found = rates(list(measured(accounts, days, transactions)), rate, interval_seconds)
    rows = [each.cells() for each in found]
    if markdown:
        typer.echo("\n".join(markdown_table(COLUMNS, rows)))
    else:
        Console().print(terminal_table(COLUMNS, rows))


if __name__ == "__main__":
    run_command(main)
