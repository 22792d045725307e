"""Trees that know the day of each row they learn from, and answer as of the newest.

How many users act differs between cutoffs. Trees that are not told which cutoff a row belongs to look for the
difference in the users: in how long they are known, for one. So the day is one more input while trees grow. Every
answer is as of the newest day, so each split on the day can be resolved afterwards, and the trees that are kept have no
such input.

Belongs here: that input, and resolving it. Does not belong here: growing trees (`ml.propensity.trees`).
"""

import json
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from ml.propensity.matrix import Matrix

_NODE_ARRAYS = (
    "base_weights",
    "default_left",
    "left_children",
    "loss_changes",
    "parents",
    "right_children",
    "split_conditions",
    "split_indices",
    "split_type",
    "sum_hessian",
)


def with_day(matrix: Matrix, cutoff: NDArray[np.int64]) -> Matrix:
    """`matrix` with one more column: the day of each row, in days from the newest, which is 0."""
    return np.column_stack([matrix, (cutoff - cutoff.max()).astype(np.float32)])


def as_of_newest_day(booster: xgb.Booster) -> bytes:
    """The trees as XGBoost's JSON, without their last input: what they say where it is 0, its greatest value.

    A row with the greatest value goes right at every split, so a split on the day gives way to its right branch.
    """
    model = json.loads(booster.save_raw(raw_format="json"))
    parameters = model["learner"]["learner_model_param"]
    day = int(parameters["num_feature"]) - 1
    parameters["num_feature"] = str(day)
    for name in ("feature_names", "feature_types"):
        model["learner"][name] = model["learner"].get(name, [])[:day]
    trees = model["learner"]["gradient_booster"]["model"]["trees"]
    trees[:] = [_resolved(tree, day) for tree in trees]
    return json.dumps(model).encode()


def _resolved(tree: dict[str, Any], day: int) -> dict[str, Any]:
    left, right, feature = tree["left_children"], tree["right_children"], tree["split_indices"]

    def stands_for(node: int) -> int:
        while left[node] >= 0 and feature[node] == day:
            node = right[node]
        return node

    kept = [stands_for(0)]
    children: dict[int, tuple[int, int]] = {}
    for node in kept:
        if left[node] >= 0:
            children[node] = (stands_for(left[node]), stands_for(right[node]))
            kept += children[node]
    place = {node: new for new, node in enumerate(kept)}
    made = dict(tree)
    for name in _NODE_ARRAYS:
        made[name] = [tree[name][node] for node in kept]
    for node in reversed(kept):
        new = place[node]
        if node in children:
            pair = [place[child] for child in children[node]]
            made["left_children"][new], made["right_children"][new] = pair
            # What went the other way at a split on the day is not counted, so that shares of rows add up.
            made["sum_hessian"][new] = sum(made["sum_hessian"][child] for child in pair)
            for child in pair:
                made["parents"][child] = new
    made["parents"][0] = tree["parents"][0]
    made["tree_param"] = tree["tree_param"] | {"num_nodes": str(len(kept)), "num_feature": str(day)}
    return made
