"""Policies side by side, and the value of a rule that nobody ran.

Belongs here: comparing policies on logged decisions. Does not: the estimators (`ml.policies.value`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.policies.decisions import Decisions
from ml.policies.policy import Terms, chosen, constants
from ml.policies.value import Estimate, Log, advantage, doubly_robust, self_normalised
from ml.propensity.matrix import Floats
from ml.uplift.learners import fit_learner


@dataclass(frozen=True)
class Valued:
    """What a policy would have brought per decision.

    `doubly_robust` decides; `self_normalised` needs no model and is shown beside it. `advantage` is by how much the
    policy in question is better than this one; None: it is that one.
    """

    policy: str
    doubly_robust: Estimate
    self_normalised: Estimate
    advantage: Estimate | None


def compare(log: Log, name: str, policy: Floats, others: Mapping[str, Floats]) -> list[Valued]:
    """A policy and others beside it, each as the probabilities of actions (columns) for the rows of the log."""
    found = [Valued(name, doubly_robust(log, policy), self_normalised(log, policy), None)]
    for each, other in others.items():
        better = advantage(log, policy, other)
        found.append(Valued(each, doubly_robust(log, other), self_normalised(log, other), better))
    return found


def value_rule(decisions: Decisions, name: str, priority: Floats, terms: Terms) -> list[Valued]:
    """What it would have brought to treat those with the highest `priority`, as many as the budget allows.

    Rows without a priority come last. Beside it stand the constant choices. Where there are several actions, the first
    one is given. What is expected of each row comes from a model of the other half of the users. Raises NotEnoughData.
    """
    first = np.ones(len(decisions), np.int64)
    # A worth has to be above 0 to be chosen.
    worth = np.where(np.isnan(priority), 1.0, priority - np.nanmin(priority, initial=0.0) + 2.0)
    rule = chosen(first, worth, terms.budget_share, len(decisions.actions))
    reward = decisions.reward(terms.cost_per_contact)
    expected = _expected(decisions, terms.cost_per_contact)
    log = Log(decisions.user, decisions.action, decisions.propensity, reward, expected)
    return compare(log, name, rule, constants(decisions.actions, len(decisions), terms.budget_share))


def plain(valued: Valued) -> dict[str, Any]:
    """As plain data for JSON."""
    estimates = ("doubly_robust", "self_normalised", "advantage")
    return {"policy": valued.policy} | {name: _plain(getattr(valued, name)) for name in estimates}


def _plain(estimate: Estimate | None) -> dict[str, float] | None:
    if estimate is None or not np.isfinite(estimate.standard_error):
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _expected(decisions: Decisions, cost: float) -> Floats:
    """What each action is expected to bring, by a model that has not seen the user."""
    _, person = np.unique(decisions.user, return_inverse=True)
    half = np.random.default_rng(0).permutation(person.max() + 1)[person] % 2
    found = np.empty((len(decisions), len(decisions.actions)))
    for part in (0, 1):
        past = decisions.rows(half != part)
        model = fit_learner("s-logistic", past.matrix, past.outcome, past.action, past.weights, len(decisions.actions))
        now = half == part
        found[now] = model.probabilities(decisions.matrix[now]) * decisions.value[now, None]
    found[:, 1:] -= cost
    return found
