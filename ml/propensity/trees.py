"""Boosted trees, grown by XGBoost and kept as its native JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from ml.evaluation import auc
from ml.propensity.matrix import Floats, Matrix
from ml.propensity.shapley import ShapleyTables
from ml.propensity.spec import TreeParameters

_THREADS = 1
"""One, because two spin on each other's barriers when the machine is busy (measured: 30 times slower), and because
the sum of a histogram depends on how rows are shared out: same seed, same bytes."""


_MAX_BINS = 64
_DIRECTION_ROWS = 30_000
_DIRECTION_GROUP = 50
_LEAN = 0.03


@dataclass(frozen=True, eq=False)
class TreeMember:
    """An XGBoost model of log-odds."""

    name: str
    booster: xgb.Booster

    def log_odds(self, matrix: Matrix) -> Floats:
        """Log-odds of every row."""
        if self._tables is not None:
            return self._tables.log_odds(matrix)
        margin = self.booster.inplace_predict(matrix, predict_type="margin", validate_features=False)
        return np.asarray(margin, np.float64)

    def contributions(self, matrix: Matrix) -> Floats:
        """Each feature's Shapley value in log-odds; the last column is the bias."""
        if self._tables is not None:
            return self._tables.contributions(matrix)
        data = xgb.DMatrix(matrix, nthread=_THREADS)
        parts = np.asarray(self.booster.predict(data, pred_contribs=True, validate_features=False), np.float64)
        # XGBoost works in single precision, where a row misses its log-odds by about 1e-6.
        parts[:, -1] += self.log_odds(matrix) - parts.sum(axis=1)
        return parts

    @cached_property
    def _tables(self) -> ShapleyTables | None:
        """None for a booster with deeper trees than this project grows."""
        return ShapleyTables.of(self.booster)

    def to_bytes(self) -> bytes:
        """XGBoost's own JSON."""
        return bytes(self.booster.save_raw(raw_format="json"))

    @classmethod
    def from_bytes(cls, name: str, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        booster = xgb.Booster({"nthread": _THREADS})
        booster.load_model(bytearray(content))
        return cls(name, booster)


def quantile_matrix(matrix: Matrix, labels: Floats, weights: Floats) -> xgb.QuantileDMatrix:
    """Training rows in bins, made once for every tree member."""
    return xgb.QuantileDMatrix(matrix, label=labels, weight=weights, max_bin=_MAX_BINS, nthread=_THREADS)


def steady_directions(matrix: Matrix, labels: Floats, cutoff: NDArray[np.int64]) -> tuple[int, ...]:
    """Per feature 1 or -1 where the label leans the same way at every train cutoff, else 0.

    Trees held to these directions follow the season of one cutoff less, and a reason never says that buying more
    often speaks against buying. A feature must rank with an AUC beyond .5 +- .03 at each cutoff to be held.
    """
    if len(labels) > _DIRECTION_ROWS:
        step = -(-len(labels) // _DIRECTION_ROWS)
        matrix, labels, cutoff = matrix[::step], labels[::step], cutoff[::step]
    groups = [np.flatnonzero(cutoff == day) for day in np.unique(cutoff)]
    return tuple(_direction(column, labels, groups) for column in matrix.T)


def _direction(column: NDArray[np.float32], labels: Floats, groups: Sequence[NDArray[np.intp]]) -> int:
    found = set()
    for rows in groups:
        present = rows[~np.isnan(column[rows])]
        if len(present) >= _DIRECTION_GROUP:
            lean = auc(labels[present], column[present]) - 0.5
            found.add(0 if np.isnan(lean) or abs(lean) < _LEAN else int(np.sign(lean)))
    return found.pop() if len(found) == 1 else 0


def fit_trees(
    name: str,
    data: xgb.QuantileDMatrix,
    parameters: TreeParameters,
    *,
    directions: Sequence[int] | None = None,
    seed: int,
) -> TreeMember:
    """Grow the trees that `parameters` ask for; `directions` (from `steady_directions`) bind them per feature."""
    booster = xgb.train(
        {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "max_bin": _MAX_BINS,
            "max_depth": parameters.depth,
            "learning_rate": parameters.learning_rate,
            "min_child_weight": parameters.min_child_weight,
            "subsample": parameters.row_share,
            "colsample_bynode": parameters.column_share,
            "reg_lambda": parameters.l2,
            "nthread": _THREADS,
            "seed": seed,
            "verbosity": 0,
        }
        | ({} if directions is None else {"monotone_constraints": tuple(directions)}),
        data,
        num_boost_round=parameters.rounds,
    )
    return TreeMember.from_bytes(name, bytes(booster.save_raw(raw_format="json")))
