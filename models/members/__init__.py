"""Training of the members of a version, with a module for each kind."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from models.members.autoencoder_training import AutoencoderKind
from models.members.gru_training import GruKind
from models.members.isolation_training import IsolationKind
from models.members.kind import Kind
from models.members.trees_training import TreesKind

_ALL: Final[tuple[Kind, ...]] = (TreesKind(), IsolationKind(), AutoencoderKind(), GruKind())
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every kind that can be trained, in the order of reports; the trees, which others must improve on, come
first."""
