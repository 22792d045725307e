"""Learners of effects: S- and T-learners with logistic regression and with boosted trees.

Belongs here: how the probability of an outcome under each action is learned, and stored as plain JSON. Does not: which
learner is best (`ml.policies.learning`).

An S-learner is one model that is told the action, a T-learner a model for each action (Kuenzel, Sekhon, Bickel, Yu:
Metalearners for estimating heterogeneous treatment effects, PNAS 2019). The effect of an action is the probability
under it minus that under action 0, which is to do nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ml.errors import NotEnoughData
from ml.propensity.linear import LinearMember, fit_linear
from ml.propensity.matrix import Floats, Matrix
from ml.propensity.spec import TreeParameters
from ml.propensity.trees import TreeMember, fit_trees, quantile_matrix

LearnerName = Literal["s-logistic", "t-logistic", "s-trees", "t-trees"]
LEARNERS: tuple[LearnerName, ...] = ("s-logistic", "t-logistic", "s-trees", "t-trees")

LEAST_OUTCOMES = 10
"""Fewer users of an action with (or without) the outcome say nothing about whom the action changes."""

_L2 = 20.0
_TREES = TreeParameters(
    rounds=60, depth=3, learning_rate=0.08, min_child_weight=20, row_share=0.7, column_share=0.5, l2=5
)
Integers = NDArray[np.int64]
_Member = LinearMember | TreeMember


@dataclass(frozen=True, eq=False)
class EffectModel:
    """A fitted learner. An S-learner has one member, a T-learner one for each of `actions`."""

    name: LearnerName
    actions: int
    members: tuple[_Member, ...]

    def probabilities(self, matrix: Matrix) -> Floats:
        """The probability of the outcome of each row (first axis) under each action (second)."""
        if len(self.members) > 1:
            log_odds = [member.log_odds(matrix) for member in self.members]
        else:
            told = [np.full(len(matrix), action) for action in range(self.actions)]
            log_odds = [self.members[0].log_odds(_told(self.name, matrix, each, self.actions)) for each in told]
        return np.asarray(expit(np.stack(log_odds, axis=1)), np.float64)

    def effects(self, matrix: Matrix) -> Floats:
        """What each action but 0 adds to the probability of each row."""
        found = self.probabilities(matrix)
        return np.asarray(found[:, 1:] - found[:, :1], np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        members = [
            {"linear": member.to_dict()}
            if isinstance(member, LinearMember)
            else {"trees": json.loads(member.to_bytes())}
            for member in self.members
        ]
        return {"name": self.name, "actions": self.actions, "members": members}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        members: list[_Member] = [
            LinearMember.from_dict(each["linear"])
            if "linear" in each
            else TreeMember.from_bytes("trees", json.dumps(each["trees"]).encode())
            for each in data["members"]
        ]
        return cls(data["name"], int(data["actions"]), tuple(members))


def fit_learner(
    name: LearnerName,
    matrix: Matrix,
    outcome: Floats,
    action: Integers,
    weights: Floats,
    actions: int,
    *,
    seed: int = 0,
) -> EffectModel:
    """Learns the probability of `outcome` (0 or 1) under each of `actions` from what was done (`action`) to each row.

    `weights` are 1 divided by the probability of what was done. Raises NotEnoughData for an action with too few rows of
    either outcome.
    """
    for each in range(actions):
        with_it = float(outcome[action == each].sum())
        without = float((action == each).sum()) - with_it
        if min(with_it, without) < LEAST_OUTCOMES:
            raise NotEnoughData(
                f"Of the users of action {each}, {with_it:,.0f} have the outcome and {without:,.0f} do not; "
                f"{LEAST_OUTCOMES} of both are needed."
            )
    scaled = weights / weights.mean()
    if name.startswith("s-"):
        return EffectModel(name, actions, (_fit(name, _told(name, matrix, action, actions), outcome, scaled, seed),))
    parts = [action == each for each in range(actions)]
    members = [_fit(name, matrix[part], outcome[part], scaled[part], seed) for part in parts]
    return EffectModel(name, actions, tuple(members))


def _fit(name: str, matrix: Matrix, outcome: Floats, weights: Floats, seed: int) -> _Member:
    if name.endswith("logistic"):
        return fit_linear(matrix, outcome, weights, l2=_L2)
    return fit_trees("trees", quantile_matrix(matrix, outcome, weights), _TREES, seed=seed)


def _told(name: str, matrix: Matrix, action: Sequence[int] | Integers, actions: int) -> Matrix:
    """The matrix with a column for each action but 0; for a linear learner also their products with all features."""
    did = [(np.asarray(action) == each)[:, None] for each in range(1, actions)]
    products = [np.where(each, matrix, np.float32(0)) for each in did] if name.endswith("logistic") else []
    return np.ascontiguousarray(np.hstack([matrix, *(each.astype(np.float32) for each in did), *products]))
