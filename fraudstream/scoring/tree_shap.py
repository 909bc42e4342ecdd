"""Exact SHAP values of boosted trees, for the few rows that become alerts.

XGBoost's own ``pred_contribs`` walks each tree for each row. Here each tree is cut into small groups of
leaves, and the contributions of a group are precomputed for every outcome of the comparisons on its paths.
For a row, the values are then looked up and added. They equal those of ``pred_contribs`` (path-dependent
TreeSHAP: Lundberg et al., "From local explanations to global understanding", 2020). The tables of outcomes
are the idea of Fast TreeSHAP v2 (Yang, arXiv:2109.09847).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.scoring.manifest import ModelError

MOST_COMPARISONS: Final = 8
"""Most comparisons of a group; its tables have all 2^8 outcomes. Measured on 200 trees of depth 6: with 6
there are more groups to look up, with 10 the tables don't fit into the processor's cache; both are slower."""
ROWS_AT_ONCE: Final = 64
"""Rows per look-up: few enough that they stay in the processor's cache, too."""
TABLE_BITS: Final = 30
"""Table entries are integers below 2^30, multiples of a small unit. Integer sums don't depend on the order of
addition, so a row has the same contributions alone and in any batch. The entries need half the cache of
double precision, which makes the look-up twice as fast."""
MOST_DEPTH: Final = 12
"""Deepest leaf: each input on its path has a table of 2^12 outcomes, and each further level doubles it."""
_NO_CHILD: Final = -1
_BYTE: Final = 8
"""Bits per byte."""

Floats = npt.NDArray[np.float64]


class TreeShap:
    """The contributions of one booster's inputs to its log-odds."""

    def __init__(self, booster: xgboost.Booster) -> None:
        """Compute the tables, which takes about a second for 200 trees of depth 6.

        Raises `ModelError` if a tree is deeper than `MOST_DEPTH`.
        """
        build = _Build()
        model = json.loads(bytes(booster.save_raw("json")))
        for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
            _Tree(tree, build).cut()
        build.entries.sort()
        entries = np.array(build.entries, dtype=np.int64).reshape(-1, 3)
        slots = _slots(build.groups, len(build.inputs))
        # Groups with fewer comparisons than others are padded with one that is never true.
        self._limits = np.array([*build.limits, -np.inf], dtype=np.float32)[slots].reshape(-1)
        width = int(model["learner"]["learner_model_param"]["num_feature"])
        offsets = width * np.array(build.missing_is_left, dtype=np.intp)
        columns = np.append(np.array(build.inputs, dtype=np.intp) + offsets, 0)
        self._columns = columns[slots].reshape(-1)
        self._outcome = np.dtype(f"<u{slots.shape[1] // _BYTE}")
        table = np.concatenate([np.zeros(1), *build.tables])
        self._unit = 2.0 ** (np.frexp(np.abs(table).max())[1] - TABLE_BITS)
        self._table = np.rint(table / self._unit).astype(np.int32)
        # The entries are sorted, so those of one input are adjacent.
        self._inputs_with_entries, self._starts = np.unique(entries[:, 0], return_index=True)
        self._group_of_entry = entries[:, 1]
        self._offset_of_entry = entries[:, 2]

    def contributions(self, inputs: npt.NDArray[np.float32]) -> Floats:
        """Return each input's contribution to each row's log-odds, shape (rows, inputs); NaN is missing.

        A row's contributions plus the bias, which is not included, add up to its log-odds.
        """
        added = np.zeros(inputs.shape)
        for start in range(0, len(inputs) if self._starts.size else 0, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            places = self._outcomes(inputs[rows])[:, self._group_of_entry] + self._offset_of_entry
            # Indexing is three times as fast here as numpy's ``take``.
            sums = np.add.reduceat(self._table[places], self._starts, axis=1, dtype=np.int64)
            added[rows, self._inputs_with_entries] = sums * self._unit
        return added

    def _outcomes(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Return the outcomes of each group's comparisons as the bits of a number, shape (rows, groups)."""
        is_missing = np.isnan(inputs)
        # Missing values become -inf if they go left and inf if they go right, so one comparison handles all.
        goes_right = np.where(is_missing, np.float32(np.inf), inputs)
        goes_left = np.where(is_missing, np.float32(-np.inf), inputs)
        is_left = np.concatenate([goes_right, goes_left], axis=1)[:, self._columns] < self._limits
        return np.packbits(is_left, bitorder="little").view(self._outcome).reshape(len(inputs), -1)


@dataclass(slots=True)
class _Build:
    """Accumulates over all trees: comparisons, groups of them, and tables by input, group and outcome."""

    inputs: list[int] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    missing_is_left: list[bool] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)
    tables: list[Floats] = field(default_factory=list)
    entries: list[tuple[int, int, int]] = field(default_factory=list)
    """Input, group, offset of the table."""
    size: int = 1
    """Total size of the tables; the first element is unused, so that the table is never empty."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Edge from an inner node to a child: the comparison, and the share of training rows that took it."""

    node: int
    is_left: bool
    share: float


Path = tuple[_Step, ...]


class _Tree:
    """One tree of XGBoost's JSON format, cut into groups."""

    def __init__(self, tree: dict[str, Any], build: _Build) -> None:
        self._left, self._right = tree["left_children"], tree["right_children"]
        self._input, self._cover = tree["split_indices"], tree["sum_hessian"]
        # XGBoost stores the value of a leaf in the field of an inner node's limit.
        self._limit = tree["split_conditions"]
        self._build = build
        self._comparison: dict[int, int] = {}
        for node in self._inner(0):
            self._comparison[node] = len(build.inputs)
            build.inputs.append(self._input[node])
            build.limits.append(self._limit[node])
            build.missing_is_left.append(bool(tree["default_left"][node]))

    def cut(self, node: int = 0, path: Path = ()) -> None:
        """Add the leaves below a node as one group if the comparisons are few, else recurse into children."""
        nodes = [step.node for step in path] + list(self._inner(node))
        if len(nodes) <= MOST_COMPARISONS or self._is_leaf(node):
            self._add_group(nodes, list(self._leaves(node, path)))
        else:
            _check_depth(len(path))
            for child, step in self._children(node):
                self.cut(child, (*path, step))

    def _add_group(self, nodes: list[int], leaves: list[tuple[Path, float]]) -> None:
        build = self._build
        tables: dict[int, Floats] = {}
        for path, value in leaves:
            for place, added in self._contributions(path, value, nodes):
                tables[place] = tables.get(place, 0.0) + added
        for place, table in tables.items():
            build.entries.append((place, len(build.groups), build.size))
            build.tables.append(table)
            build.size += len(table)
        build.groups.append([self._comparison[node] for node in nodes])

    def _contributions(self, path: Path, value: float, nodes: list[int]) -> Iterator[tuple[int, Floats]]:
        """Yield each input on a leaf's path with its contribution for every outcome of the comparisons."""
        outcomes = np.arange(2 ** len(nodes))
        goes_there: dict[int, Floats] = {}
        share: dict[int, float] = {}
        for step in path:
            place = self._input[step.node]
            holds = (outcomes >> nodes.index(step.node) & 1) == step.is_left
            goes_there[place] = goes_there.get(place, 1.0) * holds
            share[place] = share.get(place, 1.0) * step.share
        if path:
            shares = np.array(list(share.values()))[:, None]
            added = value * _shapley(np.array(list(goes_there.values())), shares)
            yield from zip(share, added, strict=True)

    def _is_leaf(self, node: int) -> bool:
        return bool(self._left[node] == _NO_CHILD)

    def _inner(self, node: int) -> Iterator[int]:
        if not self._is_leaf(node):
            yield node
            yield from self._inner(self._left[node])
            yield from self._inner(self._right[node])

    def _leaves(self, node: int, path: Path) -> Iterator[tuple[Path, float]]:
        if self._is_leaf(node):
            yield path, self._limit[node]
            return
        for child, step in self._children(node):
            yield from self._leaves(child, (*path, step))

    def _children(self, node: int) -> Iterator[tuple[int, _Step]]:
        for child, is_left in ((self._left[node], True), (self._right[node], False)):
            yield child, _Step(node, is_left, self._cover[child] / self._cover[node])


def _shapley(goes_there: Floats, shares: Floats) -> Floats:
    """Return each input's Shapley value in the game whose value function is a product over the inputs.

    The factor of a known input is 1 if the row takes the path to the leaf, else 0 (``goes_there``, shape
    (inputs, outcomes)); the factor of an unknown input is the share of rows that took it (``shares``, shape
    (inputs, 1)). The Shapley value in such a game is (known - share) times the integral over t from 0 to 1 of
    the product of t known + (1 - t) share over the other inputs: a polynomial, which Gaussian quadrature
    integrates exactly.
    """
    nodes, weights = _quadrature((len(shares) + 1) // 2)
    mixed = nodes * goes_there + (1 - nodes) * shares
    others = mixed.prod(axis=1, keepdims=True) / mixed
    return np.asarray((goes_there - shares) * (weights * others).sum(axis=0))


def _check_depth(depth: int) -> None:
    if depth == MOST_DEPTH:
        msg = (
            f"a tree is deeper than {MOST_DEPTH}, so its tables would be too large; "
            f"train with a max_depth of at most {MOST_DEPTH}"
        )
        raise ModelError(msg)


@cache
def _quadrature(points: int) -> tuple[Floats, Floats]:
    """Return the nodes and weights of Gauss-Legendre quadrature on [0, 1], shape (points, 1, 1) each."""
    nodes, weights = np.polynomial.legendre.leggauss(points)  # type: ignore[no-untyped-call] # numpy has no types for this
    return (nodes[:, None, None] + 1) / 2, weights[:, None, None] / 2


def _slots(groups: Sequence[Sequence[int]], filler: int) -> npt.NDArray[np.intp]:
    """Return the comparisons of each group, padded to one or two bytes of bits: shape (groups, bits)."""
    bits = _BYTE if max(map(len, groups), default=0) <= _BYTE else 2 * _BYTE
    padded = [[*group, *[filler] * (bits - len(group))] for group in groups]
    return np.array(padded, dtype=np.intp).reshape(-1, bits)
