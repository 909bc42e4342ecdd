"""Structure of an XGBoost model, checked before native code reads it.

Only models of the form that `models.members` trains are accepted: a sum of trees with one output, numeric
splits and no pruned nodes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members.tree_structure import (
    StructureError,
    check_tree,
    fields_of,
    require,
    require_empty,
    require_value,
)
from fraudstream.scoring.members.ubjson import UbjsonError, read_ubjson

MAX_TREES: Final = 10_000
MAX_NODES: Final = 2_000_000
"""Most nodes of all trees; the shipped model has 9,000."""
LOGISTIC: Final = "binary:logistic"
SQUARED_ERROR: Final = "reg:squarederror"
_INTEGER: Final = re.compile(r"[0-9]{1,10}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
"""XGBoost writes its parameters as texts."""
Facts = Mapping[str, Any]


def check_booster(data: bytes, *, width: int, objective: str) -> None:
    """Check a model of XGBoost in UBJSON: trees over ``width`` features, trained for the given objective.

    Raises `ModelError` with the reason if it has another structure.
    """
    try:
        _Booster(width, objective).check(read_ubjson(data))
    except (UbjsonError, StructureError) as error:
        msg = f"is not an XGBoost model that this version reads: {error}"
        raise ModelError(msg) from None


@dataclass(frozen=True, slots=True)
class _Booster:
    """Checks of a model's parts by what the manifest says; each raises `StructureError`."""

    width: int
    objective: str

    def check(self, model: object) -> None:
        top = fields_of(model, "it", needed={"learner", "version"})
        require(len(_integers(top["version"], "version")) == 3, "its version is not three numbers")  # noqa: PLR2004
        learner = fields_of(
            top["learner"],
            "learner",
            needed={"gradient_booster", "learner_model_param", "objective"},
            known={"attributes", "feature_names", "feature_types"},
        )
        self._check_objective(learner["objective"])
        self._check_texts(learner)
        base = self._base_score(learner["learner_model_param"])
        booster = fields_of(learner["gradient_booster"], "gradient_booster", needed={"name", "model"})
        require_value(booster["name"], "gbtree", "booster")
        forest = fields_of(
            booster["model"],
            "model",
            needed={"gbtree_model_param", "tree_info", "trees"},
            known={"cats", "iteration_indptr"},
        )
        self._check_forest(forest)
        self._check_trees(forest["trees"], base)

    def _check_objective(self, value: object) -> None:
        facts = fields_of(value, "objective", needed={"name"}, known={"reg_loss_param"})
        require_value(facts["name"], self.objective, "objective")
        loss = fields_of(facts.get("reg_loss_param", {}), "reg_loss_param", known={"scale_pos_weight"})
        for text in loss.values():
            _number(text, "scale_pos_weight")

    def _check_texts(self, learner: Facts) -> None:
        attributes = learner.get("attributes", {})
        require(
            isinstance(attributes, dict) and all(isinstance(each, str) for each in attributes.values()),
            "its attributes are not texts",
        )
        for name in ("feature_names", "feature_types"):
            texts = learner.get(name, [])
            require(
                isinstance(texts, list) and all(isinstance(each, str) for each in texts),
                f"its {name} are not texts",
            )
            require(len(texts) in {0, self.width}, f"it has {len(texts)} {name}, not {self.width}")
        require("c" not in learner.get("feature_types", []), "it has features with categories")

    def _base_score(self, value: object) -> float:
        facts = fields_of(
            value,
            "learner_model_param",
            needed={"base_score", "num_feature"},
            known={"boost_from_average", "num_class", "num_target"},
        )
        found = _integer(facts["num_feature"], "num_feature")
        require(found == self.width, f"it is trained on {found} features, and the manifest has {self.width}")
        for name, expected in {"num_class": "0", "num_target": "1"}.items():
            require_value(facts.get(name, expected), expected, name)
        _integer(facts.get("boost_from_average", "0"), "boost_from_average")
        text = facts["base_score"]
        # Since XGBoost 3.1 it is a list of one number.
        base = _number(text.strip("[]") if isinstance(text, str) else text, "base_score")
        require(
            self.objective != LOGISTIC or 0 < base < 1, f"its base_score is {text!r} and not a probability"
        )
        return base

    def _check_forest(self, forest: Facts) -> None:
        trees = forest["trees"]
        require(isinstance(trees, list), "its trees are not a list")
        require(len(trees) <= MAX_TREES, f"it has {len(trees):,} trees; at most {MAX_TREES:,} are read")
        parameters = fields_of(
            forest["gbtree_model_param"],
            "gbtree_model_param",
            needed={"num_trees"},
            known={"num_parallel_tree"},
        )
        count = _integer(parameters["num_trees"], "num_trees")
        require(count == len(trees), f"its num_trees is {count}, and it has {len(trees)} trees")
        _integer(parameters.get("num_parallel_tree", "1"), "num_parallel_tree")
        require(_integers(forest["tree_info"], "tree_info") == [0] * count, "its tree_info is not all 0")
        starts = _integers(forest.get("iteration_indptr", [0, count]), "iteration_indptr")
        require(
            starts == sorted(starts) and starts[:1] == [0] and starts[-1:] == [count],
            "its iteration_indptr does not lead from 0 to the number of trees",
        )
        categories = fields_of(
            forest.get("cats", {}), "cats", known={"enc", "feature_segments", "sorted_idx"}
        )
        for each in categories.values():
            require_empty(each, "it has categories")

    def _check_trees(self, trees: list[object], base: float) -> None:
        nodes, sum_of_leaves = 0, abs(base)
        for number, tree in enumerate(trees):
            try:
                count, leaf = check_tree(tree, number=number, width=self.width)
            except StructureError as error:
                msg = f"tree {number}: {error}"
                raise StructureError(msg) from None
            nodes, sum_of_leaves = nodes + count, sum_of_leaves + leaf
            require(nodes <= MAX_NODES, f"it has more than {MAX_NODES:,} nodes")
        require(sum_of_leaves < np.finfo(np.float32).max, "the sum of its leaves exceeds single precision")


def _integer(text: object, name: str) -> int:
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        msg = f"its {name} is {text!r} and not an integer"
        raise StructureError(msg)
    return int(text)


def _number(text: object, name: str) -> float:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        msg = f"its {name} is {text!r} and not a number"
        raise StructureError(msg)
    number = float(text)
    require(abs(number) < np.finfo(np.float32).max, f"its {name} is {text!r}, beyond single precision")
    return number


def _integers(values: object, name: str) -> list[int]:
    found = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(found, list) or any(type(each) is not int for each in found):
        msg = f"its {name} are not integers"
        raise StructureError(msg)
    return found
