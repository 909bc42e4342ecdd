"""Metadata of the simulated bank's customers, and the commands that write them to a file or a table."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.progress import Progress

from fraudstream.archives.archive_errors import ArchiveError
from fraudstream.archives.customer_files import read_customers, write_customers
from fraudstream.domain.customer import Customer
from fraudstream.domain.families import SEGMENTS
from fraudstream.domain.transaction import from_time_ms, parse_time_ms
from fraudstream.profiles.customer_table import DEFAULT_TABLE, CustomerTable, CustomerTableError
from fraudstream.runtime.terminal import shown
from fraudstream.streams.stream_commands import load_settings, stream_errors_reported
from producer.simulation import TrafficOptions, blocks

SEGMENT_PERMILLE: Final = (800, 130, 20, 50)
"""Shares of `SEGMENTS`, in thousandths; chosen by hand, like all figures of the simulation."""
KYC_PERMILLE: Final = (20, 130, 500, 350)
"""Shares of the KYC levels 0 to 3, in thousandths."""
DAYS_PER_TRANSACTION: Final = (0.5, 2.5)
"""Days per transaction before the customer was first seen: those with few are new, as mules are."""
START: Final = "2026-01-05T00:00:00Z"
"""That of the simulated data sets."""
console = Console(soft_wrap=True)


def simulated_customers(options: TrafficOptions, count: int) -> Iterator[tuple[str, Customer]]:
    """Yield the customers of the first ``count`` simulated transactions, each once, in order.

    The customer's id alone determines segment and KYC level. The relationship began before the customer's
    first transaction here, the longer the more transactions there were before it.
    """
    seen: set[str] = set()
    left = count
    for block in blocks(options):
        for record in map(orjson.loads, block.records()[:left]):
            id_ = record["customer_id"]
            if id_ is not None and id_ not in seen:
                seen.add(id_)
                yield id_, _customer(id_, record)
        left -= len(block)
        if left <= 0:
            return


def _customer(id_: str, first: dict[str, Any]) -> Customer:
    low, high = DAYS_PER_TRANSACTION
    before = max((first["num_transactions"] or 1) - 1, 0)
    days = before * (low + (high - low) * _permille(id_, "relationship") / 1_000)
    first_day = from_time_ms(parse_time_ms(first["event_time"])).date()
    return Customer(
        segment=SEGMENTS[_picked(SEGMENT_PERMILLE, _permille(id_, "segment"))],
        kyc_level=_picked(KYC_PERMILLE, _permille(id_, "kyc")),
        customer_since=first_day - timedelta(days=1 + int(days)),
    )


def _permille(id_: str, purpose: str) -> int:
    """Draw a number from 0 to 999 for a customer, the same at any time."""
    digest = hashlib.blake2b(f"{purpose} {id_}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 1_000


def _picked(permille: tuple[int, ...], drawn: int) -> int:
    end = 0
    for place, share in enumerate(permille):
        end += share
        if drawn < end:
            return place
    raise AssertionError(permille)


def customers(
    *,
    out: Annotated[Path, typer.Option(help="Output file: .jsonl or .csv, also .gz")] = Path(
        "customers.jsonl"
    ),
    count: Annotated[int, typer.Option(min=1, help="Transactions whose customers are written")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated bank")] = 7,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the simulated bank")] = 2_000,
    start: Annotated[str, typer.Option(help="First event time, RFC 3339")] = START,
) -> None:
    """Write metadata of the simulated bank's customers, as the job's --customer-metadata reads them.

    With the seed, accounts and start of a data set, its customers are those of the file.
    """
    try:
        options = TrafficOptions(seed=seed, accounts=accounts, start_ms=parse_time_ms(start))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        written = write_customers(out, simulated_customers(options, count))
    except ArchiveError as error:
        raise typer.BadParameter(str(error), param_hint="--out") from error
    console.print(shown(f"written: {out}, {written:,} customers"), markup=False, highlight=False)


def load_customers(
    file: Annotated[Path, typer.Argument(help="File of customers: .jsonl or .csv, also .gz")],
    *,
    table: Annotated[str, typer.Option(help="DynamoDB table")] = DEFAULT_TABLE,
) -> None:
    """Write the customers of a file to a DynamoDB table, replacing those that it has of the same ids.

    Nothing is written if the file is invalid. Customers that are only in the table stay.
    """
    settings = load_settings()
    with stream_errors_reported(ArchiveError, CustomerTableError):
        found = list(read_customers(file))
        _load(CustomerTable.open(settings, table), found)
    console.print(shown(f"{len(found):,} customers are in {table}"), markup=False, highlight=False)


def _load(table: CustomerTable, found: list[tuple[str, Customer]]) -> None:
    with Progress(console=console) as progress:
        task = progress.add_task("customers", total=len(found))
        for written in table.write(found):
            progress.update(task, completed=written)
