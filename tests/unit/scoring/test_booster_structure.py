"""Trees that would lead native code astray, or that no training writes, are refused before it reads them."""

import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost

from fraudstream.scoring.manifest import ModelError
from fraudstream.scoring.members import booster_structure
from fraudstream.scoring.members.booster_structure import LOGISTIC, check_booster
from fraudstream.scoring.members.tree_structure import MAX_DEPTH
from fraudstream.scoring.members.trees import Trees
from fraudstream.scoring.members.ubjson import read_ubjson
from fraudstream.scoring.tree_shap import TreeShap
from tests.unit.scoring.booster_files import WIDTH, Model, booster_bytes, rows, to_ubjson

Change = Callable[[Model], object]


def model() -> Model:
    found: Model = read_ubjson(booster_bytes())
    return found


def learner(whole: Model) -> Model:
    found: Model = whole["learner"]
    return found


def forest(whole: Model) -> Model:
    found: Model = learner(whole)["gradient_booster"]["model"]
    return found


def tree(whole: Model, number: int = 1) -> Model:
    found: Model = forest(whole)["trees"][number]
    return found


def put(name: str, place: int, value: float) -> Change:
    """Return the change of one number of the second tree."""
    return lambda whole: tree(whole)[name].__setitem__(place, value)


def replaced(part: Callable[[Model], Model], **fields: Any) -> Change:  # noqa: ANN401 - of any type
    return lambda whole: part(whole).update(fields)


def without(part: Callable[[Model], Model], name: str) -> Change:
    return lambda whole: part(whole).pop(name)


def parameters(whole: Model) -> Model:
    found: Model = learner(whole)["learner_model_param"]
    return found


def tree_parameters(whole: Model) -> Model:
    found: Model = tree(whole)["tree_param"]
    return found


def longer(whole: Model) -> None:
    tree(whole)["base_weights"] = np.append(tree(whole)["base_weights"], np.float32(0))


def tree_of(left: list[int], right: list[int]) -> Model:
    """Return the second tree of a model, with these children of its nodes; -1 is none."""
    nodes = len(left)
    parents = np.full(nodes, 2**31 - 1, np.int32)
    for children in (left, right):
        for node, child in enumerate(children):
            if child >= 0:
                parents[child] = node
    zeros = np.zeros(nodes, np.float32)
    return {
        **dict.fromkeys(("base_weights", "loss_changes", "split_conditions"), zeros),
        **dict.fromkeys(("default_left", "split_type"), np.zeros(nodes, np.uint8)),
        **dict.fromkeys(("categories", "categories_nodes"), np.zeros(0, np.int32)),
        **dict.fromkeys(("categories_segments", "categories_sizes"), np.zeros(0, np.int64)),
        "sum_hessian": np.ones(nodes, np.float32),
        "split_indices": np.zeros(nodes, np.int32),
        "left_children": np.array(left, np.int32),
        "right_children": np.array(right, np.int32),
        "parents": parents,
        "id": 1,
        "tree_param": {**tree_parameters(model()), "num_nodes": str(nodes)},
    }


def deep(levels: int) -> Change:
    """Return the change to a tree of this depth, in which each inner node has a leaf on its left."""
    left = [node + 1 if node % 2 == 0 and node < 2 * levels else -1 for node in range(2 * levels + 1)]
    right = [child + 1 if child >= 0 else -1 for child in left]
    return lambda whole: forest(whole)["trees"].__setitem__(1, tree_of(left, right))


def circle(whole: Model) -> None:
    """Give the tree two nodes that are each other's children, beside the root and its leaves."""
    forest(whole)["trees"][1] = tree_of([1, -1, -1, 4, 3, -1, -1], [2, -1, -1, 5, 6, -1, -1])


def changed(change: Change) -> bytes:
    whole = model()
    change(whole)
    return to_ubjson(whole)


def check(data: bytes) -> None:
    check_booster(data, width=WIDTH, objective=LOGISTIC)


def test_what_training_writes_is_accepted_in_either_hand() -> None:
    check(booster_bytes())
    check(changed(lambda _: None))
    rewritten = Trees(changed(lambda _: None), WIDTH).score(rows(100))
    assert np.array_equal(rewritten, Trees(booster_bytes(), WIDTH).score(rows(100)))


@pytest.mark.parametrize(
    "change",
    [
        # As earlier releases of XGBoost write it.
        replaced(parameters, base_score="5E-1"),
        without(forest, "cats"),
        without(forest, "iteration_indptr"),
        replaced(learner, feature_names=["a", "b", "c", "d", "e"], feature_types=["float"] * WIDTH),
        replaced(learner, attributes={"best_iteration": "2"}),
        deep(MAX_DEPTH),
    ],
)
def test_other_forms_of_sound_trees_are_accepted(change: Change) -> None:
    Trees(changed(change), WIDTH).score(rows(10))


NAN, INFINITY, LARGEST = float("nan"), float("inf"), float(np.finfo(np.float32).max)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        # Nodes.
        (put("left_children", 0, 1_000), "tree 1: its nodes are not each the child of one other"),
        (put("left_children", 0, -5), "tree 1: its nodes are not each the child of one other"),
        (put("right_children", 0, 0), "tree 1: its nodes are not each the child of one other"),
        (put("right_children", 0, -1), "tree 1: its nodes are not each the child of one other"),
        (put("left_children", 0, -1), "tree 1: a node has one child only"),
        (put("left_children", 0, 2), "tree 1: its nodes are not each the child of one other"),
        (circle, "tree 1: its nodes form a circle"),
        (put("parents", 0, 0), "tree 1: its first node has a parent"),
        (put("parents", 1, 2), "tree 1: a node names another parent than its own"),
        (deep(MAX_DEPTH + 1), f"tree 1: it is deeper than {MAX_DEPTH} levels"),
        (put("split_indices", 0, WIDTH), f"tree 1: a split is by a feature beyond the {WIDTH}"),
        (put("split_indices", 0, -1), f"tree 1: a split is by a feature beyond the {WIDTH}"),
        (put("split_indices", -1, -1), f"tree 1: a split is by a feature beyond the {WIDTH}"),
        (put("split_conditions", 0, NAN), "tree 1: its split_conditions are not all finite"),
        (put("split_conditions", -1, INFINITY), "tree 1: its split_conditions are not all finite"),
        (put("split_conditions", -1, LARGEST), "the sum of its leaves exceeds single precision"),
        (put("base_weights", 0, NAN), "tree 1: its base_weights are not all finite"),
        (put("sum_hessian", 0, 0), "tree 1: an inner node has no cover"),
        (put("sum_hessian", -1, -1), "tree 1: its sum_hessian are not all positive"),
        (put("default_left", 0, 2), "tree 1: its default_left are not all 0 or 1"),
        (put("split_type", 0, 1), "tree 1: it has splits that are not numeric"),
        # Arrays.
        (longer, r"tree 1: its num_nodes for base_weights is '\d+', not '\d+'"),
        (
            lambda whole: tree(whole).update(parents=tree(whole)["parents"].astype(np.int64)),
            "tree 1: its parents are not numbers of the type int32",
        ),
        (
            lambda whole: tree(whole).update(parents=tree(whole)["parents"].tolist()),
            "tree 1: its parents are not numbers of the type int32",
        ),
        (without(tree, "sum_hessian"), "tree 1: it has no sum_hessian"),
        (replaced(tree, leaf_weights=[]), "tree 1: it has leaf_weights, which this version does not read"),
        (replaced(tree, categories=np.array([1], np.int32)), "tree 1: it has splits by category"),
        (replaced(tree, categories=1), "tree 1: it has splits by category"),
        (replaced(tree, id=0), "tree 1: its id is 0, not 1"),
        (replaced(tree, id=np.array([1], np.int32)), r"tree 1: its id is array\("),
        (replaced(tree_parameters, num_nodes="8"), "tree 1: its num_nodes for base_weights is '8'"),
        (replaced(tree_parameters, num_nodes=7), "tree 1: its num_nodes for base_weights is 7"),
        (replaced(tree_parameters, num_deleted="1"), "tree 1: its num_deleted is '1', not '0'"),
        (replaced(tree_parameters, num_feature="6"), "tree 1: its num_feature is '6', not '5'"),
        (replaced(tree_parameters, size_leaf_vector="2"), "tree 1: its size_leaf_vector is '2', not '1'"),
        (lambda whole: forest(whole)["trees"].__setitem__(1, []), "tree 1: it is not an object"),
        # All trees.
        (lambda whole: forest(whole)["trees"].pop(), "its num_trees is 3, and it has 2 trees"),
        (replaced(forest, trees=np.zeros(3, np.int32)), "its trees are not a list"),
        (replaced(forest, tree_info=[0, 0]), "its tree_info is not all 0"),
        (replaced(forest, tree_info=[0, 1, 0]), "its tree_info is not all 0"),
        (replaced(forest, tree_info="000"), "its tree_info are not integers"),
        (replaced(forest, iteration_indptr=[0, 9, 3]), "its iteration_indptr does not lead from 0"),
        (replaced(forest, iteration_indptr=[0, 1]), "its iteration_indptr does not lead from 0"),
        (replaced(forest, cats={"enc": [1]}), "it has categories"),
        (
            replaced(forest, gbtree_model_param={"num_trees": "3", "num_parallel_tree": "-1"}),
            "its num_parallel_tree is '-1' and not an integer",
        ),
        # The learner.
        (replaced(parameters, num_feature="6"), "it is trained on 6 features, and the manifest has 5"),
        (replaced(parameters, num_class="3"), "its num_class is '3', not '0'"),
        (replaced(parameters, num_target="2"), "its num_target is '2', not '1'"),
        (replaced(parameters, base_score="[5E-1,5E-1]"), r"its base_score is '5E-1,5E-1' and not a number"),
        (replaced(parameters, base_score="nan"), "its base_score is 'nan' and not a number"),
        (replaced(parameters, base_score="1E999"), "its base_score is '1E999', beyond single precision"),
        (replaced(parameters, base_score="[1E0]"), r"its base_score is '\[1E0\]' and not a probability"),
        (replaced(parameters, base_score=1), "its base_score is 1 and not a number"),
        (replaced(learner, objective={"name": "reg:squarederror"}), "its objective is 'reg:squarederror'"),
        (replaced(learner, objective=[]), "objective is not an object"),
        (
            replaced(learner, gradient_booster={"name": "dart", "model": {}}),
            "its booster is 'dart', not 'gbtree'",
        ),
        (replaced(learner, attributes={"a": 1}), "its attributes are not texts"),
        (replaced(learner, feature_names=["a"]), "it has 1 feature_names, not 5"),
        (replaced(learner, feature_types=["c"] * WIDTH), "it has features with categories"),
        (lambda whole: whole.update(version=[3, 2]), "its version is not three numbers"),
        (lambda whole: whole.pop("version"), "it has no version"),
    ],
)
def test_unsound_trees_are_refused_with_the_reason(change: Change, reason: str) -> None:
    with pytest.raises(ModelError, match=rf"^is not an XGBoost model that this version reads: {reason}"):
        check(changed(change))


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("MAX_TREES", "it has 3 trees; at most 2"), ("MAX_NODES", "it has more than 2 nodes")],
)
def test_models_of_any_size_are_not_read(monkeypatch: pytest.MonkeyPatch, limit: str, reason: str) -> None:
    monkeypatch.setattr(booster_structure, limit, 2)
    with pytest.raises(ModelError, match=reason):
        check(booster_bytes())


def test_a_model_of_another_width_is_refused() -> None:
    with pytest.raises(ModelError, match="it is trained on 5 features, and the manifest has 6"):
        check_booster(booster_bytes(), width=6, objective=LOGISTIC)


@pytest.mark.parametrize("form", ["json", "deprecated"])
def test_no_other_format_of_xgboost_reaches_native_code(form: str) -> None:
    data = {"json": bytes(xgboost.Booster(model_file=bytearray(booster_bytes())).save_raw("json"))}
    with pytest.raises(ModelError, match="is not an XGBoost model that this version reads"):
        check(data.get(form, b"binf" + bytes(1_000)))


# ---- damaged bytes ----


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes at random: bits, whole bytes, numbers, missing parts, and more parts."""
    found = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        place = rng.randrange(len(found) - 8)
        kind = rng.randrange(6)
        if kind <= 1:
            found[place] ^= 1 << rng.randrange(8)
        elif kind == 2:
            found[place] = rng.choice(b"{}[]$#LSdliUTFZ\x00\xff")
        elif kind == 3:
            found[place : place + 4] = struct.pack(">i", rng.choice([-1, 0, 1, 7, 2**31 - 1, -(2**31)]))
        elif kind == 4:
            del found[place : place + rng.randrange(1, 9)]
        else:
            found[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(found)


def test_damaged_bytes_are_refused_or_score() -> None:
    rng, inputs = random.Random(1), rows(20)
    outcomes = {"scored": 0, "refused": 0}
    for number in range(600):
        data = damaged(booster_bytes(), rng)
        try:
            member = Trees(data, WIDTH)
        except ModelError:
            outcomes["refused"] += 1
            continue
        scores = member.score(inputs)
        assert ((scores >= 0) & (scores <= 1)).all(), data
        if number % 10 == 0:
            assert np.isfinite(TreeShap(member.booster).contributions(inputs)).all(), data
        outcomes["scored"] += 1
    # Limits and leaves may be other numbers than before: the digest, not the structure, tells them apart.
    assert min(outcomes.values()) > 20, outcomes
