"""Labelled data of the simulated bank, in files like any other data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from fraudstream.archives.record_writers import written_whole
from fraudstream.domain.duration import DAY_MS
from models.data.labelled_dataset import DatasetFiles
from producer.simulation import Block, TrafficOptions, blocks

START_MS: Final = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
"""A Monday; fixed, so that the seed determines the data."""


@dataclass(frozen=True, slots=True)
class Bank:
    """Size of the simulation: accounts with about five transactions a day each, for whole days."""

    seed: int = 1
    accounts: int = 1_500
    days: int = 56

    @property
    def name(self) -> str:
        """Name that identifies the data: two banks with the same name are the same."""
        return f"bank-seed{self.seed}-{self.accounts}accounts-{self.days}days"

    @property
    def options(self) -> TrafficOptions:
        """Options of the simulation: its defaults, except for the values given here."""
        return TrafficOptions(seed=self.seed, accounts=self.accounts, start_ms=START_MS)


def write_bank(bank: Bank, folder: Path) -> Iterator[float]:
    """Write `files_of` the bank, unless they exist; yields the share that is done."""
    files = files_of(bank, folder)
    if files.labels.is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    # The file of labels appears last, because it marks the bank as complete.
    with written_whole(files.labels) as labels, written_whole(files.transactions) as transactions:
        for block in _blocks(bank):
            transactions.writelines(record + b"\n" for record in block.records())
            labels.writelines(record + b"\n" for record in block.labels())
            yield (int(block.rows["time_ms"][-1]) - START_MS) / (bank.days * DAY_MS)


def files_of(bank: Bank, folder: Path) -> DatasetFiles:
    """Return the files that `write_bank` writes."""
    return DatasetFiles(folder / f"{bank.name}.jsonl", folder / f"{bank.name}-labels.jsonl")


def _blocks(bank: Bank) -> Iterator[Block]:
    end_ms = START_MS + bank.days * DAY_MS
    for block in blocks(bank.options):
        end = int(np.searchsorted(block.rows["time_ms"], end_ms))
        if end:
            yield replace(block, rows=block.rows[:end])
        if end < len(block):
            return
