"""The trained models that a version is made of: a file for each kind, to load and score with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from fraudstream.scoring.members.autoencoder import Autoencoder
from fraudstream.scoring.members.gru import Gru
from fraudstream.scoring.members.isolation_forest import IsolationForest
from fraudstream.scoring.members.member import Member
from fraudstream.scoring.members.trees import Trees

LOADABLE: Final[Mapping[str, Callable[[bytes], Member]]] = MappingProxyType(
    {
        Trees.kind: Trees,
        IsolationForest.kind: IsolationForest,
        Autoencoder.kind: Autoencoder.from_bytes,
        Gru.kind: Gru.from_bytes,
    }
)
"""Loads a member from the content of its file, by the kind that manifests name.

Raises `ModelError` if the bytes are none of its kind.
"""
