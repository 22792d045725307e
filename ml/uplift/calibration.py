"""Whether predicted effects are as large as observed ones, and a correction where they are not.

Belongs here: deciles of predictions beside observed differences, and the line through them. Does not: what predicts
(`ml.uplift.learners`).
"""

from dataclasses import dataclass

import numpy as np

from ml.propensity.matrix import Floats
from ml.uplift.learners import Integers

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Users with like predicted effects. `observed` is the outcome of the treated minus that of the control group."""

    users: int
    predicted: float
    observed: float
    standard_error: float


@dataclass(frozen=True)
class Line:
    """observed = intercept + slope * predicted. A slope below 1 says that predictions differ too much."""

    intercept: float
    slope: float

    def __call__(self, effect: Floats) -> Floats:
        """The corrected effects, in the same order as the predicted ones unless the slope is 0."""
        return self.intercept + self.slope * effect


def effect_bins(outcome: Floats, effect: Floats, is_treated: Integers, weights: Floats, bins: int = BINS) -> list[Bin]:
    """The users in so many bins of equal size, the lowest predicted effect first; those with users of both arms.

    `weights` are 1 divided by the probability of what was done to each user.
    """
    order = np.argsort(effect, kind="stable")
    found = []
    for rows in np.array_split(order, bins):
        means, squares = [], []
        for arm in (0, 1):
            members = rows[is_treated[rows] == arm]
            if len(members) < 2:
                break
            share = weights[members] / weights[members].sum()
            mean = float(share @ outcome[members])
            means.append(mean)
            squares.append(float(np.square(share) @ np.square(outcome[members] - mean)))
        if len(means) == 2:
            observed, error = means[1] - means[0], float(np.sqrt(sum(squares)))
            found.append(Bin(len(rows), float(effect[rows].mean()), observed, error))
    return found


def fit_line(bins: list[Bin]) -> Line:
    """The line through the bins, the less certain ones counting less; never one that turns the order round.

    Bins in which nothing varied (no outcome at all) count as the most uncertain one.
    """
    errors = np.array([each.standard_error for each in bins])
    if len(bins) < 2 or not errors.any():
        return Line(0.0, 1.0)
    weights = 1 / np.square(np.where(errors > 0, errors, errors.max()))
    predicted, observed = (np.array([getattr(each, name) for each in bins]) for name in ("predicted", "observed"))
    centre, level = np.average(predicted, weights=weights), np.average(observed, weights=weights)
    spread = float(weights @ np.square(predicted - centre))
    slope = float(weights @ ((predicted - centre) * (observed - level))) / spread if spread > 0 else 0.0
    slope = min(max(slope, 0.0), 2.0)
    return Line(float(level - slope * centre), slope)
