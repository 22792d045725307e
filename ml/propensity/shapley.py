"""Exact Shapley values of shallow trees, looked up instead of worked out anew for every row.

Which way a row goes at the seven splits of a tree of depth three is seven bits, and the row's Shapley values hang on
nothing else: 128 answers a tree, made once. The values are those of path-dependent TreeSHAP (Lundberg et al. 2020,
"From local explanations to global understanding with explainable AI for trees"), which XGBoost's own
`pred_contribs` gives too, in float32 and some twenty times slower.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import factorial
from typing import Any, Self

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.propensity.matrix import Floats, Matrix

_SPLITS = 7
_PATTERNS = 2**_SPLITS
_BITS = (1 << np.arange(_SPLITS)).astype(np.uint8)
_ROWS_AT_ONCE = 64
"""What is in between stays in the cache, and in memory that is used again: with 512 rows it takes four times as
long."""


@dataclass(frozen=True, eq=False)
class ShapleyTables:
    """The splits of all trees, seven places each, and what each pattern of answers to them is worth.

    `feature`, `threshold` and `missing_goes_left` are (trees, 7); `values` is (trees x 128 patterns, 7), in log-odds;
    `owners` (features, trees x 7) has a one where a place's value is the feature's. `bias` is what every row starts
    from.
    """

    feature: NDArray[np.intp]
    threshold: NDArray[np.float32]
    missing_goes_left: NDArray[np.bool_]
    values: Floats
    owners: csr_array
    bias: float

    @cached_property
    def _answers(self) -> Floats:
        """(trees x 128): what a tree adds to the log-odds for each pattern, less its share of the bias."""
        return np.asarray(self.values.sum(axis=1), np.float64)

    @classmethod
    def of(cls, booster: xgb.Booster) -> Self | None:
        """The tables of a booster, or None where a tree has more than seven splits."""
        model = json.loads(booster.save_raw(raw_format="json"))["learner"]["gradient_booster"]["model"]
        trees = [_Tree(data) for data in model["trees"]]
        if any(len(tree.splits) > _SPLITS for tree in trees):
            return None
        shape = (len(trees), _SPLITS)
        feature, threshold = np.zeros(shape, np.intp), np.full(shape, -np.inf, np.float32)
        missing_goes_left = np.zeros(shape, np.bool_)
        for place, tree in enumerate(trees):
            used = slice(len(tree.splits))
            feature[place, used] = tree.feature[tree.splits]
            threshold[place, used] = tree.threshold[tree.splits]
            missing_goes_left[place, used] = tree.missing_goes_left[tree.splits]
        places = (np.ones(feature.size), (feature.ravel(), np.arange(feature.size)))
        owners = csr_array(places, shape=(booster.num_features(), feature.size))
        values = np.concatenate([_table(tree) for tree in trees])
        tables = cls(feature, threshold, missing_goes_left, values, owners, 0.0)
        anybody = np.zeros((1, booster.num_features()), np.float32)
        answer = booster.inplace_predict(anybody, predict_type="margin", validate_features=False)
        return replace(tables, bias=float(answer[0] - tables.contributions(anybody).sum()))

    def log_odds(self, matrix: Matrix) -> Floats:
        """The sum of all trees for every row, in double precision: what the contributions add up to."""
        found = np.empty(len(matrix))
        for rows in _parts(len(matrix)):
            # Tree after tree, also of a single row, whose sum numpy would make in another order.
            found[rows] = self.bias + np.add.accumulate(self._answers[self._patterns(matrix[rows])])[-1]
        return found

    def contributions(self, matrix: Matrix) -> Floats:
        """Rows x features, in log-odds, and the bias in the last column."""
        found = np.full((len(matrix), self.owners.shape[0] + 1), self.bias)
        for rows in _parts(len(matrix)):
            worth = np.take(self.values, self._patterns(matrix[rows]), axis=0).transpose(0, 2, 1)
            found[rows, :-1] = (self.owners @ worth.reshape(self.feature.size, -1)).T
        return found

    def _patterns(self, matrix: Matrix) -> NDArray[np.intp]:
        """(trees, rows): where in `values` stands what the tree says of the row.

        The rows of one split lie side by side here, which is four times faster than row by row.
        """
        asked = np.ascontiguousarray(matrix.T)[self.feature]
        goes_left = (asked < self.threshold[:, :, None]) | (np.isnan(asked) & self.missing_goes_left[:, :, None])
        pattern = np.einsum("tsr,s->tr", goes_left.view(np.uint8), _BITS)
        first_of_tree = np.arange(len(self.feature))[:, None] * _PATTERNS
        return np.asarray(first_of_tree + pattern, np.intp)


def _parts(rows: int) -> Iterator[slice]:
    return (slice(first, first + _ROWS_AT_ONCE) for first in range(0, rows, _ROWS_AT_ONCE))


class _Tree:
    """A tree as XGBoost's JSON has it: arrays with a place a node."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.left, self.right = (np.array(data[name]) for name in ("left_children", "right_children"))
        self.feature = np.array(data["split_indices"])
        # A leaf keeps its value where a split keeps its threshold.
        self.threshold = np.array(data["split_conditions"], np.float32)
        self.missing_goes_left = np.array(data["default_left"], np.bool_)
        self.cover = np.array(data["sum_hessian"], np.float64)
        self.splits = np.flatnonzero(self.left >= 0)

    def leaves(self) -> Iterator[tuple[int, list[tuple[int, bool]]]]:
        """Each leaf with the splits on the way to it, and whether the way goes left there."""
        ways: list[tuple[int, list[tuple[int, bool]]]] = [(0, [])]
        while ways:
            node, way = ways.pop()
            if self.left[node] < 0:
                yield node, way
            else:
                ways += [(self.left[node], [*way, (node, True)]), (self.right[node], [*way, (node, False)])]


def _table(tree: _Tree) -> Floats:
    """(128, 7): for every pattern of answers, what each split's feature adds; a feature's first split speaks for it."""
    patterns = np.arange(_PATTERNS)
    place = {int(node): bit for bit, node in enumerate(tree.splits)}
    goes_left = {node: (patterns >> bit & 1).astype(bool) for node, bit in place.items()}
    speaks = {int(tree.feature[node]): place[int(node)] for node in tree.splits[::-1]}
    table = np.zeros((_PATTERNS, _SPLITS))
    for leaf, way in tree.leaves():
        follows: dict[int, Floats] = defaultdict(lambda: np.ones(_PATTERNS))
        share: dict[int, float] = defaultdict(lambda: 1.0)
        for node, left in way:
            feature, child = int(tree.feature[node]), tree.left[node] if left else tree.right[node]
            follows[feature] = follows[feature] * (goes_left[node] == left)
            share[feature] *= tree.cover[child] / tree.cover[node]
        for feature, is_followed in follows.items():
            others = [other for other in follows if other != feature]
            weight = _expected_weight(others, follows, share)
            table[:, speaks[feature]] += float(tree.threshold[leaf]) * weight * (is_followed - share[feature])
    return table


def _expected_weight(others: list[int], follows: Mapping[int, Floats], share: Mapping[int, float]) -> Floats:
    """The chance of reaching the leaf by the other features, on average over the orders in which features are known."""
    total: Floats = np.zeros(_PATTERNS)
    for size in range(len(others) + 1):
        orders = factorial(size) * factorial(len(others) - size) / factorial(len(others) + 1)
        for known in combinations(others, size):
            product = np.full(_PATTERNS, orders)
            for other in others:
                product = product * (follows[other] if other in known else share[other])
            total = total + product
    return total
