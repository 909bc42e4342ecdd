"""The kinds of model that an ensemble is made of, a file for each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from models.members.autoencoder import AutoencoderKind
from models.members.base import Kind
from models.members.gru import GruKind
from models.members.isolation import IsolationKind
from models.members.trees import TreesKind

_ALL: Final[tuple[Kind, ...]] = (TreesKind(), IsolationKind(), AutoencoderKind(), GruKind())
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind by its name, in the order of reports; the trees, to be improved on, come first."""
