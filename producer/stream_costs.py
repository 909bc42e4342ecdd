"""Shards and monthly cost of a provisioned stream, by rate and transactions per record.

Prices are list prices: check yours. They differ by region and change. Discounts, taxes, enhanced fan-out and
retention beyond a day are not included.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from producer.simulation import TrafficOptions, generate

# Amazon's page "Amazon Kinesis Data Streams pricing" (aws.amazon.com/kinesis/data-streams/pricing),
# provisioned mode, as public copies of it quote it: the page itself could not be read when this was written.
SHARD_HOUR_USD: Final = 0.015
PUT_UNITS_USD_PER_MILLION: Final = 0.014
PRICES_WRITTEN_DOWN: Final = "2026-11-21"
PRICES_REGION: Final = "US East (N. Virginia)"
PUT_UNIT_BYTES: Final = 25 * 1024
"""A record is billed in units of this size, rounded up (same page)."""
HOURS_A_MONTH: Final = 730
"""8,760 hours a year divided by 12, as in AWS's own calculator."""

# Write limits of one shard (CreateStream API reference).
SHARD_RECORDS_PER_S: Final = 1_000
SHARD_BYTES_PER_S: Final = 1024 * 1024
MAX_RECORD_BYTES: Final = 1024 * 1024

RATES_PER_S: Final = (100, 1_000, 10_000, 100_000)
PER_RECORD: Final = (1, 10, 40)
SAMPLE: Final = 5_000
"""Generated transactions whose mean size is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCost:
    """Shards and cost of a rate at the shards' limits, with no reserve for peaks or an uneven spread."""

    tx_per_s: int
    per_record: int
    records_per_s: float
    shards: int
    shards_usd: float
    """Per month."""
    puts_usd: float
    """Per month."""

    @property
    def total_usd(self) -> float:
        """Dollars per month."""
        return self.shards_usd + self.puts_usd


def cost(tx_per_s: int, per_record: int, tx_bytes: float, key_bytes: float) -> StreamCost:
    """Return the cost of ``tx_per_s`` with ``per_record`` transactions in each record.

    ``tx_bytes`` is the size of a transaction with its separator, ``key_bytes`` that of the partition key,
    which counts towards a shard's limit and not towards the price. Raises ``ValueError`` if the records are
    larger than Kinesis allows.
    """
    data_bytes = per_record * tx_bytes
    if data_bytes + key_bytes > MAX_RECORD_BYTES:
        limit = f"a Kinesis record holds at most {MAX_RECORD_BYTES:,}; give fewer per record"
        msg = f"{per_record} transactions are {data_bytes:,.0f} bytes, but {limit}"
        raise ValueError(msg)
    records_per_s = tx_per_s / per_record
    shards = max(
        math.ceil(records_per_s / SHARD_RECORDS_PER_S),
        math.ceil(records_per_s * (data_bytes + key_bytes) / SHARD_BYTES_PER_S),
    )
    units_a_month = records_per_s * math.ceil(data_bytes / PUT_UNIT_BYTES) * 3600 * HOURS_A_MONTH
    return StreamCost(
        tx_per_s=tx_per_s,
        per_record=per_record,
        records_per_s=records_per_s,
        shards=shards,
        shards_usd=shards * HOURS_A_MONTH * SHARD_HOUR_USD,
        puts_usd=units_a_month / 1e6 * PUT_UNITS_USD_PER_MILLION,
    )


def measured_bytes(sample: int = SAMPLE) -> tuple[float, float]:
    """Return the mean sizes, in bytes, of the generator's transactions and of their partition keys."""
    traffic = itertools.islice(generate(TrafficOptions(start_ms=0)), sample)
    sizes = [(len(tx.to_json()), len(tx.account_id.encode())) for tx, _ in traffic]
    return sum(tx for tx, _ in sizes) / sample, sum(key for _, key in sizes) / sample


def table(per_record: tuple[int, ...], tx_bytes: float, key_bytes: float) -> Table:
    """Return a table of the costs of `RATES_PER_S`; one byte separates the transactions of a record."""
    laid_out = Table("tx/s", "tx per record", "records/s", "shards", "shards $", "puts $", "$ per month")
    for column in laid_out.columns:
        column.justify = "right"
    for rate, number in itertools.product(RATES_PER_S, per_record):
        separator_bytes = 0 if number == 1 else 1
        row = cost(rate, number, tx_bytes + separator_bytes, key_bytes)
        laid_out.add_row(
            f"{row.tx_per_s:,}",
            f"{row.per_record:,}",
            f"{row.records_per_s:,.1f}".removesuffix(".0"),
            f"{row.shards:,}",
            f"{row.shards_usd:,.2f}",
            f"{row.puts_usd:,.2f}",
            f"{row.total_usd:,.2f}",
        )
    return laid_out


def costs(
    *,
    per_record: Annotated[list[int] | None, typer.Option(min=1, help="Transactions in one record")] = None,
) -> None:
    """Print shards and dollars per month for 100 to 100,000 transactions per second."""
    tx_bytes, key_bytes = measured_bytes()
    console = Console()
    try:
        console.print(table(tuple(per_record or PER_RECORD), tx_bytes, key_bytes))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    console.print(
        f"A transaction of the generator is {tx_bytes:,.0f} bytes, its key {key_bytes:,.0f}.\n"
        f"List price, check yours: {SHARD_HOUR_USD} $ per shard and hour, {PUT_UNITS_USD_PER_MILLION} $ "
        f"per million put units of {PUT_UNIT_BYTES:,} bytes; "
        f"{PRICES_REGION}, as of {PRICES_WRITTEN_DOWN}.",
        highlight=False,
        soft_wrap=True,
    )
