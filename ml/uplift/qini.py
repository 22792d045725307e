"""How well predicted effects rank users: the Qini curve and its area.

Belongs here: arithmetic on outcomes, predictions and treatment. Does not: what predicts (`ml.uplift.learners`).

Users are ordered by their predicted effect, the highest first. After the first k users, of whom n_t were treated and
n_c were not, the curve is

    Q(k) = y_t - y_c * n_t / n_c

with the sums y of outcomes (Radcliffe: Using control groups to target on predicted lift, 2007). The coefficient is the
area between the curve and the straight line of a random order, divided by that of an order which knows the outcomes:
first the treated who bought, last the control users who did. This is `qini_auc_score` of scikit-uplift 0.5.1. About 0
is a random order.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def qini_curve(
    outcome: ArrayLike, effect: ArrayLike, is_treated: ArrayLike, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """The number of users (or their weight) up to each distinct predicted effect, and the curve there; both from 0 on.

    `weights` are 1 divided by the probability of what was done to each user, where that differs between users.
    """
    outcomes, effects, treated = (np.asarray(each, np.float64) for each in (outcome, effect, is_treated))
    weight = np.ones_like(outcomes) if weights is None else np.asarray(weights, np.float64)
    order = np.argsort(-effects, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(effects[order])), len(effects) - 1)
    in_treated, in_control = treated * weight, (1 - treated) * weight
    users_treated, users_control, sums_treated, sums_control = (
        np.cumsum(each[order])[ends] for each in (in_treated, in_control, in_treated * outcomes, in_control * outcomes)
    )
    ratio = np.divide(users_treated, users_control, out=np.zeros(len(ends)), where=users_control > 0)
    users = users_treated + users_control
    return np.append(0.0, users), np.append(0.0, sums_treated - sums_control * ratio)


def qini(outcome: ArrayLike, effect: ArrayLike, is_treated: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The Qini coefficient; NaN where one arm is empty or nothing happened to anybody."""
    outcomes, treated = np.asarray(outcome, np.float64), np.asarray(is_treated, np.float64)
    if not 0 < treated.sum() < len(treated) or not outcomes.any():
        return float("nan")
    users, actual = qini_curve(outcomes, effect, treated, weights)
    perfect_users, perfect = qini_curve(outcomes, outcomes * (2 * treated - 1), treated, weights)
    by_chance = users[-1] * actual[-1] / 2
    best = float(np.trapezoid(perfect, perfect_users)) - by_chance
    return (float(np.trapezoid(actual, users)) - by_chance) / best if best > 0 else float("nan")


def uplift_area(outcome: ArrayLike, effect: ArrayLike, is_treated: ArrayLike) -> float:
    """The area under the uplift curve (AUUC) per user: the mean over k of what treating the first k brings, per user.

    After the first k users it is (y_t / n_t - y_c / n_c) * k / n (Devriendt et al.: Learning to rank for uplift
    modeling, 2020, the separate relative form). Half the mean effect is a random order.
    """
    outcomes, effects, treated = (np.asarray(each, np.float64) for each in (outcome, effect, is_treated))
    order = np.argsort(-effects, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(effects[order])), len(effects) - 1)
    gains = np.zeros(len(ends))
    for arm, sign in ((treated, 1), (1 - treated, -1)):
        users, sums = np.cumsum(arm[order])[ends], np.cumsum((arm * outcomes)[order])[ends]
        gains += sign * np.divide(sums, users, out=np.zeros(len(ends)), where=users > 0)
    shares = (ends + 1) / len(effects)
    return float(np.trapezoid(np.append(0.0, gains * shares), np.append(0.0, shares)))
