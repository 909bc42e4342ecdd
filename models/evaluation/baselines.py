"""Baseline that any model must beat: the same kind of model with the amount as its only input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from fraudstream.domain.catalogue import Catalogue, TransactionFeature
from fraudstream.scoring.members.member import Features
from models.data.labelled_dataset import Dataset
from models.members.kind import Kind

AMOUNT_ONLY: Final = "amount_only"
_AMOUNT: Final = "transaction_amount_vnd"
_AMOUNT_CATALOGUE: Final = Catalogue(
    (TransactionFeature(name=_AMOUNT, entity="transaction", statistic="value", column=_AMOUNT),)
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kind of model, and the inputs that it gets from a data set."""

    name: str
    kind: Kind
    catalogue: Catalogue
    inputs: Callable[[Dataset], Features]


def candidate(kind: Kind, catalogue: Catalogue) -> Candidate:
    """Return the kind with all features as its inputs."""
    return Candidate(kind.name, kind, catalogue, lambda data: data.features)


def amount_only(kind: Kind) -> Candidate:
    """Return the same kind with the amount as its only input: if it does well, the data is trivial."""
    return Candidate(AMOUNT_ONLY, kind, _AMOUNT_CATALOGUE, _amounts)


def _amounts(data: Dataset) -> Features:
    return data.amount_vnd.astype(np.float32).reshape(-1, 1)
