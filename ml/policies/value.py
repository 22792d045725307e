"""What a policy would have brought, judged by decisions that were made by chance: off-policy evaluation.

Belongs here: estimators and their intervals. Does not: learning a policy (`ml.policies.learning`).

A logged decision i did a_i with the known probability p_i and brought r_i. For a policy that does a with probability
pi_i(a), w_i = pi_i(a_i) / p_i, and with a model m_i(a) of what each action brings:

- self-normalised inverse propensity weighting: sum w_i r_i / sum w_i (Swaminathan, Joachims, NeurIPS 2015),
- doubly robust: the mean of sum_a pi_i(a) m_i(a) + w_i (r_i - m_i(a_i)) (Dudik, Langford, Li, ICML 2011). As p_i is
  known, it is right on average whatever the model; the better the model, the smaller its spread. The model must not
  have seen the rows.

Both are means of one number a row, so their intervals are those of a mean. Rows of one user go together: their numbers
are summed by user first. The difference of two policies is a mean too, of the differences.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ml.propensity.matrix import Floats
from ml.uplift.learners import Integers

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value per decision with its standard error and its interval of 95 %."""

    value: float
    standard_error: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.value - _Z * self.standard_error

    @property
    def high(self) -> float:
        """The upper end."""
        return self.value + _Z * self.standard_error


_Z = float(norm.ppf(0.5 + LEVEL / 2))


@dataclass(frozen=True, eq=False)
class Log:
    """Logged decisions: who, what was done, with what probability, what it brought, and what a model had expected.

    `expected` has a column for each action.
    """

    user: NDArray[np.str_]
    action: Integers
    propensity: Floats
    reward: Floats
    expected: Floats

    def importance(self, policy: Floats) -> Floats:
        """w: how much likelier the policy is to do what was done."""
        return np.asarray(policy[np.arange(len(self.action)), self.action] / self.propensity, np.float64)


def self_normalised(log: Log, policy: Floats) -> Estimate:
    """The value of a policy, given the probability of each action (columns) for each row, by weighting alone."""
    weights = log.importance(policy)
    total = weights.sum()
    if total == 0:
        return Estimate(float("nan"), float("inf"))
    value = float(weights @ log.reward / total)
    return Estimate(value, _standard_error(weights * (log.reward - value) * len(weights) / total, log.user))


def doubly_robust(log: Log, policy: Floats) -> Estimate:
    """The value of a policy by weighting what the model did not expect."""
    return _mean(_doubly_robust_rows(log, policy), log.user)


def advantage(log: Log, policy: Floats, other: Floats) -> Estimate:
    """By how much a policy is better than another one, doubly robust and on the same rows."""
    return _mean(_doubly_robust_rows(log, policy) - _doubly_robust_rows(log, other), log.user)


def effective_rows(log: Log, policy: Floats) -> float:
    """How many rows of equal weight would say as much: (sum w)^2 / sum w^2."""
    weights = log.importance(policy)
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def _doubly_robust_rows(log: Log, policy: Floats) -> Floats:
    rows = np.arange(len(log.action))
    surprise = log.reward - log.expected[rows, log.action]
    return np.asarray((policy * log.expected).sum(axis=1) + log.importance(policy) * surprise, np.float64)


def _mean(values: Floats, user: NDArray[np.str_]) -> Estimate:
    value = float(values.mean())
    return Estimate(value, _standard_error(values - value, user))


def _standard_error(deviations: Floats, user: NDArray[np.str_]) -> float:
    """Of the mean of rows whose deviations from it are given; those of one user are summed first."""
    _, person = np.unique(user, return_inverse=True)
    sums = np.bincount(person, weights=deviations)
    people = len(sums)
    if people < 2:
        return float("inf")
    return float(np.sqrt(np.square(sums).sum() * people / (people - 1))) / len(deviations)
