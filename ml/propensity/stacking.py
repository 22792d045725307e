"""One log-odds out of several: non-negative weights and an intercept, fitted on a later cutoff.

This is the calibration too (Platt scaling with one slope a member). It is linear in log-odds, so whatever the
members attribute to features stays attributed, exactly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from ml.propensity.matrix import Floats, weighted_sum

_PRIOR_ROWS = 10.0
"""How many rows' worth of evidence it takes to move a weight, or the level, from what the members say by themselves.
For the level, that is what a season does: it moves all log-odds by about 1 / sqrt(10), some 30 % of the odds. A cutoff
with a hundred positives outvotes it; one without any, among fifty users, says hardly more than it."""

_LEVEL_MEMORY = 0.3
"""What a cutoff says about the level counts this much of what the next one says. Measured on six test cutoffs each of
CDNOW and Online Retail II: 0 (the calibration cutoff alone) follows every good and bad month, .5 and more follow
no season."""

LEVEL_CUTOFFS = 4
"""How many of the newest cutoffs have a say about the level: what older ones say counts less than .01."""

_PRIOR_CUTOFFS = 3.0
_MAX_STEPS = 30
_WIDEST = 50.0


@dataclass(frozen=True)
class Stack:
    """log-odds = intercept + sum of weight x member log-odds."""

    weights: tuple[float, ...]
    intercept: float

    def log_odds(self, members: Floats) -> Floats:
        """Combine a (rows, members) array of log-odds."""
        return weighted_sum(members, self.weights) + self.intercept


def average_stack(members: int) -> Stack:
    """The stack before any evidence: a plain average."""
    return Stack((1.0 / members,) * members, 0.0)


def fit_stack(members: Floats, labels: Floats) -> Stack:
    """Fit weights >= 0 and an intercept to minimise log loss, pulled gently towards a plain average.

    Weights turn around the members' means. Turned around 0, a small change of a weight would move the level of a rare
    outcome, whose log-odds are all far from 0, and no pull on the intercept could hold it.
    """
    count = members.shape[1]
    centre = members.mean(axis=0)
    average = np.asarray(average_stack(count).weights)
    start = np.array([*average, average @ centre])
    inputs = np.column_stack([members - centre, np.ones(len(members))])
    pull = np.full(count + 1, _PRIOR_ROWS)
    free = np.ones(count + 1, bool)
    while True:
        solution = _newton(inputs, labels, start, pull, free)
        worst = int(np.argmin(solution[:-1]))
        if solution[worst] >= 0:
            break
        # A member that wants a negative weight is noise beside the others: it leaves, one at a time.
        free[worst] = False
    weights = np.round(solution[:-1], 10)
    return Stack(tuple(weights.tolist()), round(float(solution[-1] - weights @ centre), 10))


def settle_level(stack: Stack, cutoffs: Sequence[tuple[Floats, Floats]]) -> Stack:
    """Move the intercept to the level of the newest cutoffs.

    How many users act differs from one cutoff to the next by more than any feature tells, so one cutoff is a poor
    guess of the next one's level. `cutoffs` holds (members' log-odds, labels), newest first; the newest counts 1 and
    each one before it _LEVEL_MEMORY of its successor. Without any, the stack stays as it is.
    """
    if not cutoffs:
        return stack
    shifts = level_shifts(stack, cutoffs)
    return replace(stack, intercept=round(stack.intercept + settled(shifts), 10))


def level_shifts(stack: Stack, cutoffs: Sequence[tuple[Floats, Floats]]) -> list[float]:
    """What each of `cutoffs`, as in `settle_level`, would add to the log-odds of `stack`."""
    return [_level_shift(stack.log_odds(members), labels) for members, labels in cutoffs]


def settled(shifts: Sequence[float]) -> float:
    """The level that some cutoffs foretell for the next one, newest first."""
    newest = shifts[:LEVEL_CUTOFFS]
    return float(np.average(newest, weights=_LEVEL_MEMORY ** np.arange(len(newest))))


def level_spread(shifts: Sequence[float]) -> float:
    """By how much the level of a cutoff typically misses what those before it foretold, in log-odds.

    `shifts` are those of cutoffs a horizon apart, newest first. Few of them hardly move the spread from that of a
    season, 1 / sqrt(_PRIOR_ROWS).
    """
    misses = [shift - settled(shifts[place + 1 :]) for place, shift in enumerate(shifts[:-1])]
    squares = sum(miss**2 for miss in misses) + _PRIOR_CUTOFFS / _PRIOR_ROWS
    return round(math.sqrt(squares / (len(misses) + _PRIOR_CUTOFFS)), 10)


def _level_shift(log_odds: Floats, labels: Floats) -> float:
    """What to add to all log-odds so that they predict as many positives as there were, held back like a weight."""

    def excess(shift: float) -> float:
        return float(expit(log_odds + shift).sum() - labels.sum() + _PRIOR_ROWS * shift)

    return float(brentq(excess, -_WIDEST, _WIDEST))


def _newton(inputs: Floats, labels: Floats, start: Floats, pull: Floats, free: NDArray[np.bool_]) -> Floats:
    """Minimise log loss + pull/2 x distance from `start`^2 over the free parameters, the others at 0."""
    chosen, target, weight = inputs[:, free], start[free], pull[free]
    point = target.copy()

    def objective(at: Floats) -> float:
        linear = chosen @ at
        return float(np.logaddexp(0, linear).sum() - labels @ linear + 0.5 * weight @ (at - target) ** 2)

    value = objective(point)
    for _ in range(_MAX_STEPS):
        probability = expit(chosen @ point)
        gradient = chosen.T @ (probability - labels) + weight * (point - target)
        curvature = chosen.T @ (chosen * (probability * (1 - probability))[:, None]) + np.diag(weight)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-4 and objective(point - size * step) > value:
            size /= 2
        point = point - size * step
        before, value = value, objective(point)
        if before - value < 1e-7:
            break
    solution = np.zeros(len(free))
    solution[free] = point
    return solution


def cross_fitted_log_odds(members: Floats, labels: Floats, fold: NDArray[np.int64]) -> Floats:
    """Log-odds of every row from a stack that was fitted without the row's own fold."""
    result = np.empty(len(labels))
    for held_out in np.unique(fold):
        inside = fold == held_out
        stack = average_stack(members.shape[1]) if inside.all() else fit_stack(members[~inside], labels[~inside])
        result[inside] = stack.log_odds(members[inside])
    return result
