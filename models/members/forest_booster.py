"""Conversion of a scikit-learn isolation forest into an XGBoost booster whose leaves are path lengths."""

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import xgboost

from fraudstream.scoring.members.imputation import Row

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

Nodes = npt.NDArray[np.int64]
"""A node number for each node of a tree: its parent, its left child, or its place in another order."""

_NONE: Final = -1
_NO_PARENT: Final = 2**31 - 1
"""XGBoost's marks for a missing child and a missing parent."""


def to_booster(forest: "IsolationForest", fill: Row) -> bytes:
    """Convert a fitted forest into a booster whose sum of leaves is the exponent of the forest's score.

    ``fill`` replaces missing values: each node sends a missing value where it sends the fill value.
    """
    expected = len(forest.estimators_) * average_path_length(np.array([forest.max_samples_]))[0]
    trees = [_tree(number, tree.tree_, fill, expected) for number, tree in enumerate(forest.estimators_)]
    model = json.dumps(_model(trees, len(fill))).encode()
    return bytes(xgboost.Booster(model_file=bytearray(model)).save_raw("ubj"))


def average_path_length(rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the average length of a path among this number of rows.

    It is equation 1 of Liu, Ting and Zhou, "Isolation Forest", ICDM 2008.
    """
    count = np.maximum(rows.astype(np.float64), 2.0)
    harmonic = np.log(count - 1.0) + np.euler_gamma
    beyond_two = 2.0 * harmonic - 2.0 * (count - 1.0) / count
    return np.where(rows > 2, beyond_two, np.where(rows == 2, 1.0, 0.0))  # noqa: PLR2004 - the cases of equation 1


def _tree(
    number: int,
    tree: Any,  # noqa: ANN401 - scikit-learn has no types
    fill: Row,
    expected: float,
) -> dict[str, Any]:
    order = _siblings_together(tree.children_left, tree.children_right)
    is_leaf = tree.children_left[order] < 0
    left = _left_children(is_leaf)
    parents = _parents(left)
    thresholds, split = tree.threshold[order], np.where(is_leaf, 0, tree.feature[order])
    lengths = (_depths(parents) + average_path_length(tree.n_node_samples[order])) / expected
    return {
        "id": number,
        "left_children": left.tolist(),
        "right_children": np.where(is_leaf, _NONE, left + 1).tolist(),
        "parents": parents.tolist(),
        "split_indices": split.tolist(),
        "split_conditions": np.where(is_leaf, lengths, _first_to_the_right(thresholds)).tolist(),
        "default_left": (~is_leaf & (fill[split] <= thresholds)).astype(int).tolist(),
        "split_type": [0] * tree.node_count,
        "base_weights": np.where(is_leaf, lengths, 0.0).tolist(),
        "loss_changes": [0.0] * tree.node_count,
        "sum_hessian": tree.n_node_samples[order].astype(np.float64).tolist(),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(len(fill)),
            "num_nodes": str(tree.node_count),
            "size_leaf_vector": "1",
        },
    }


def _first_to_the_right(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the smallest number of single precision above each threshold.

    scikit-learn sends a value to the left if it is at most the threshold, in double precision; XGBoost does
    so if it is below the split, in single precision.
    """
    nearest = thresholds.astype(np.float32)
    above = np.nextafter(nearest, np.float32(np.inf))
    return np.where(nearest > thresholds, nearest, above).astype(np.float64)


def _siblings_together(left: Nodes, right: Nodes) -> Nodes:
    """Return the nodes level by level, with a node's children side by side, as XGBoost expects them."""
    order = [0]
    # The list grows during the iteration.
    for node in order:
        order += [left[node], right[node]] if left[node] >= 0 else []
    return np.array(order)


def _left_children(is_leaf: npt.NDArray[np.bool_]) -> Nodes:
    """Return the place of each node's left child in such an order; -1 for leaves."""
    pairs_before = np.cumsum(~is_leaf) - 1
    return np.where(is_leaf, _NONE, 2 * pairs_before + 1)


def _parents(left: Nodes) -> Nodes:
    inner = np.flatnonzero(left != _NONE)
    parents = np.full(len(left), _NO_PARENT)
    parents[left[inner]] = parents[left[inner] + 1] = inner
    return parents


def _depths(parents: Nodes) -> npt.NDArray[np.float64]:
    depths = np.zeros(len(parents))
    for node in range(1, len(parents)):
        depths[node] = depths[parents[node]] + 1
    return depths


def _model(trees: list[dict[str, Any]], width: int) -> dict[str, Any]:
    """Return a sum of trees in XGBoost's JSON schema, as version 3.2 writes it."""
    return {
        "version": [3, 2, 0],
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {
                "name": "gbtree",
                "model": {
                    "cats": {"enc": [], "feature_segments": [], "sorted_idx": []},
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
                    "iteration_indptr": list(range(len(trees) + 1)),
                    "tree_info": [0] * len(trees),
                    "trees": trees,
                },
            },
            "learner_model_param": {
                "base_score": "[0E0]",
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": str(width),
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
    }
