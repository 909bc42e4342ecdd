"""Inputs of the benchmark: transaction files and models, each created on first use."""

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from benchmarks import rival_trees as trees
from benchmarks.four_features import write_four_features
from benchmarks.job_variants import JobVariant, windows_version, write_version
from benchmarks.rival_environment import rival_python
from benchmarks.transaction_files import TransactionFiles

TRAINING_TRANSACTIONS: Final = 60_000


@dataclass(frozen=True)
class Sizes:
    """Number of transactions for each contender; slow ones get only the beginning of the file."""

    job: int = 1_000_000
    naive: int = 40_000
    sql_over: int = 100_000
    bytewax: int = 300_000
    floor: int = 1_000_000
    repeats: int = 1

    @classmethod
    def of(cls, transactions: int, *, is_full: bool) -> "Sizes":
        """Return the sizes for a job of ``transactions``; no contender gets more than the job."""
        defaults = cls()
        return cls(
            job=transactions,
            naive=min(defaults.naive, transactions),
            sql_over=min(defaults.sql_over, transactions),
            bytewax=min(defaults.bytewax, transactions),
            floor=transactions,
            repeats=3 if is_full else 1,
        )

    @property
    def accounts_sweep(self) -> int:
        """Size of the accounts sweep: twice the job's, so that a million find their account in the state."""
        return 2 * self.job


class Inputs:
    """Files and models under ``folder``."""

    def __init__(self, folder: Path, sizes: Sizes, stop: threading.Event) -> None:
        self.folder = folder
        self._files = TransactionFiles(folder / "data", stop)
        self._sizes = sizes

    def first(self, transactions: int) -> Path:
        """Return a file of the first ``transactions``."""
        return self._files.first(self._all[0], transactions)

    def with_hot_key(self) -> Path:
        """Return the job's file with a quarter of the transactions moved to one account."""
        return self._files.with_hot_key(self.first(self._sizes.job))

    def spread_over(self, accounts: int) -> Path:
        """Return the file of the accounts sweep, spread over this many accounts."""
        return self._files.spread_over(self._all[0], accounts)

    @cached_property
    def python(self) -> Path:
        """Python interpreter of the contenders outside Flink."""
        return rival_python(self.folder)

    @cached_property
    def velocity_model(self) -> Path:
        """Model of the rivals, on the four velocity features."""
        return trees.velocity_model(self._training, self._all[1])

    @cached_property
    def raw_model(self) -> Path:
        """Model of the floor, on four raw columns."""
        return trees.raw_model(self._training, self._all[1])

    @cached_property
    def four_features(self) -> JobVariant:
        """The rivals' features and model, as a variant of the job."""
        catalogue = write_four_features(self.folder)
        return write_version(catalogue, self.velocity_model, self.folder / "four-features")

    def windows(self, windows: int) -> JobVariant:
        """Return a variant of the job with this many windows and a model trained on them."""
        return windows_version(self.folder, windows, self._training, self._all[1])

    @cached_property
    def _training(self) -> Path:
        return self.first(min(TRAINING_TRANSACTIONS, self._sizes.job))

    @cached_property
    def _all(self) -> tuple[Path, Path]:
        return self._files.generated(self._sizes.accounts_sweep)
