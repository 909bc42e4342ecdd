"""Structure of a decision tree in XGBoost's format, checked before native code walks it.

XGBoost follows the child numbers and feature numbers of a file without checking them: a wrong one makes it
read beyond its memory, or walk in a circle.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MAX_DEPTH: Final = 64
NO_CHILD: Final = -1
NO_PARENT: Final = 2**31 - 1
"""XGBoost's marks for a missing child and a missing parent."""
_TYPES: Final[Mapping[str, type]] = MappingProxyType(
    {
        "base_weights": np.float32,
        "default_left": np.uint8,
        "left_children": np.int32,
        "loss_changes": np.float32,
        "parents": np.int32,
        "right_children": np.int32,
        "split_conditions": np.float32,
        "split_indices": np.int32,
        "split_type": np.uint8,
        "sum_hessian": np.float32,
    }
)
"""Types of the arrays that have a number for each node."""
_CATEGORIES: Final = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
"""Arrays of splits by category, which no feature needs."""
Arrays = Mapping[str, npt.NDArray[Any]]


class StructureError(ValueError):
    """A model does not have the structure that XGBoost relies on; the message has the reason."""


def require(condition: object, reason: str) -> None:
    """Raise `StructureError` with the reason unless the condition holds."""
    if not condition:
        raise StructureError(reason)


def fields_of(
    value: object,
    name: str,
    *,
    needed: AbstractSet[str] = frozenset(),
    known: AbstractSet[str] = frozenset(),
) -> dict[str, Any]:
    """Return an object's fields; raises `StructureError` if one is missing, or neither needed nor known."""
    if not isinstance(value, dict):
        msg = f"{name} is not an object"
        raise StructureError(msg)
    missing, other = sorted(needed - value.keys()), sorted(value.keys() - needed - known)
    require(not missing, f"{name} has no {', '.join(missing)}")
    require(not other, f"{name} has {', '.join(other)}, which this version does not read")
    return value


def require_value(value: object, expected: int | str, name: str) -> None:
    """Raise `StructureError` unless a field has the expected value, of the same type."""
    # An array compares each of its numbers.
    require(type(value) is type(expected) and value == expected, f"its {name} is {value!r}, not {expected!r}")


def require_empty(value: object, reason: str) -> None:
    """Raise `StructureError` with the reason unless the value is an array of nothing."""
    require(isinstance(value, list | np.ndarray) and not len(value), reason)


def check_tree(value: object, *, number: int, width: int) -> tuple[int, float]:
    """Check the tree with this number in its model, over ``width`` features.

    Returns its number of nodes, and the largest absolute value of a leaf. Raises `StructureError`.
    """
    arrays = _arrays(value, number, width)
    _check_numbers(arrays)
    is_leaf = arrays["left_children"] == NO_CHILD
    _check_links(arrays, is_leaf)
    # Those of leaves, too: a certain one marks a deleted node.
    features = arrays["split_indices"]
    require(((features >= 0) & (features < width)).all(), f"a split is by a feature beyond the {width}")
    require((arrays["sum_hessian"][~is_leaf] > 0).all(), "an inner node has no cover")
    # A leaf's value is in the field of a split's limit.
    return len(is_leaf), float(np.abs(arrays["split_conditions"][is_leaf]).max())


def _arrays(value: object, number: int, width: int) -> Arrays:
    """Return the arrays of the nodes, all of the length that the tree gives."""
    facts = fields_of(value, "it", needed={"id", "tree_param", *_TYPES}, known={*_CATEGORIES})
    require_value(facts["id"], number, "id")
    parameters = fields_of(
        facts["tree_param"],
        "tree_param",
        needed={"num_deleted", "num_feature", "num_nodes", "size_leaf_vector"},
    )
    for name, expected in {"num_feature": str(width), "num_deleted": "0", "size_leaf_vector": "1"}.items():
        require_value(parameters[name], expected, name)
    for name in _CATEGORIES:
        require_empty(facts.get(name, []), "it has splits by category")
    arrays = {name: facts[name] for name in _TYPES}
    for name, array in arrays.items():
        require(
            isinstance(array, np.ndarray) and array.dtype == _TYPES[name],
            f"its {name} are not numbers of the type {_TYPES[name].__name__}",
        )
        require_value(parameters["num_nodes"], str(len(array)), f"num_nodes for {name}")
    require(len(arrays["parents"]), "it has no nodes")
    return arrays


def _check_numbers(arrays: Arrays) -> None:
    for name, kind in _TYPES.items():
        if kind is np.float32:
            require(np.isfinite(arrays[name]).all(), f"its {name} are not all finite")
    require((arrays["sum_hessian"] >= 0).all(), "its sum_hessian are not all positive")
    require((arrays["default_left"] <= 1).all(), "its default_left are not all 0 or 1")
    require(not arrays["split_type"].any(), "it has splits that are not numeric")


def _check_links(arrays: Arrays, is_leaf: npt.NDArray[np.bool_]) -> None:
    """Check that every node is reached from the first one, in one way, and knows its parent."""
    left, right, parents = arrays["left_children"], arrays["right_children"], arrays["parents"]
    require((right[is_leaf] == NO_CHILD).all(), "a node has one child only")
    inner = np.flatnonzero(~is_leaf)
    children = np.concatenate([left[inner], right[inner]])
    is_tree = np.array_equal(np.sort(children), np.arange(1, len(left)))
    require(is_tree, "its nodes are not each the child of one other")
    require(parents[0] == NO_PARENT, "its first node has a parent")
    require((parents[children] == np.tile(inner, 2)).all(), "a node names another parent than its own")
    # Each node has one parent, so those that the first one does not lead to are in circles.
    reached, level, depth = 1, np.zeros(1, np.int32), 0
    while len(level):
        require(depth <= MAX_DEPTH, f"it is deeper than {MAX_DEPTH} levels")
        level = level[~is_leaf[level]]
        level = np.concatenate([left[level], right[level]])
        reached, depth = reached + len(level), depth + 1
    require(reached == len(left), "its nodes form a circle")
