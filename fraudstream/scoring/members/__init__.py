"""Members, the trained models of a version: one module per kind, for loading and scoring."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from fraudstream.scoring.members.autoencoder import Autoencoder
from fraudstream.scoring.members.gru import Gru
from fraudstream.scoring.members.isolation_forest import IsolationForest
from fraudstream.scoring.members.member import Member
from fraudstream.scoring.members.trees import Trees

LOADABLE: Final[Mapping[str, Callable[[bytes, int], Member]]] = MappingProxyType(
    {
        Trees.kind: Trees,
        IsolationForest.kind: IsolationForest,
        Autoencoder.kind: Autoencoder.from_bytes,
        Gru.kind: Gru.from_bytes,
    }
)
"""Loaders of members by kind, as named in manifests.

Each takes the content of the member's file, and the width of the model's inputs. It raises `ModelError` if
the bytes are not a sound member of its kind over such inputs, before native code reads them.
"""
