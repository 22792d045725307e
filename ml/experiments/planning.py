"""How many users an experiment needs, and what effect so many users can show.

Belongs here: the arithmetic before an experiment. Does not: what it said afterwards (`ml.experiments.effect`).

An effect d on the share of buyers is found with the probability `POWER` where d = (h + z) SE: h is half the width of
the confidence sequence at its planned end, in standard errors (`ml.experiments.sequences`), z the quantile of POWER,
and SE^2 = p (1 - p) (1 / n_treated + 1 / n_control).
"""

from dataclasses import dataclass
from math import ceil, sqrt

from scipy.stats import norm

from ml.experiments.sequences import ALPHA, half_width

POWER = 0.8


@dataclass(frozen=True)
class Plan:
    """`users` are those of all arms. `weeks` is until the last window is over; None: nobody said how many users come.

    `effect` is the difference in the share of buyers that is found with a probability of 80 %.
    """

    users: int
    effect: float
    weeks: int | None


def users_needed(
    base: float,
    effect: float,
    control_share: float,
    *,
    variants: int = 1,
    window_days: int = 14,
    users_a_week: int | None = None,
) -> Plan:
    """How many users, and weeks, it takes to find an effect. `base` is the share of buyers without a message.

    Raises ValueError where the shares are not between 0 and 1.
    """
    _demand(base, effect, control_share)
    users = ceil(_factor(variants) ** 2 * _variance_of_users(base, effect, control_share, variants) / effect**2)
    return Plan(users, effect, _weeks(users, window_days, users_a_week))


def effect_found(
    base: float,
    users: int,
    control_share: float,
    *,
    variants: int = 1,
    window_days: int = 14,
    users_a_week: int | None = None,
) -> Plan:
    """The smallest effect that so many users are enough for. Raises ValueError as `users_needed`."""
    _demand(base, 0.0, control_share)
    effect = 0.0
    # The variance depends on the effect a little, so a few rounds settle it.
    for _ in range(20):
        effect = _factor(variants) * sqrt(_variance_of_users(base, effect, control_share, variants) / users)
    return Plan(users, effect, _weeks(users, window_days, users_a_week))


def _factor(variants: int) -> float:
    return float(half_width(1.0, 1.0, 1.0, ALPHA / variants)) + float(norm.ppf(POWER))


def _variance_of_users(base: float, effect: float, control_share: float, variants: int) -> float:
    """The squared standard error of the difference, times the number of users."""
    treated = min(max(base + effect, 0.0), 1.0)
    share = (1 - control_share) / variants
    return treated * (1 - treated) / share + base * (1 - base) / control_share


def _weeks(users: int, window_days: int, users_a_week: int | None) -> int | None:
    return None if users_a_week is None else ceil(users / users_a_week) + ceil(window_days / 7)


def _demand(base: float, effect: float, control_share: float) -> None:
    if not (0 < base < 1 and 0 < control_share < 1 and 0 < base + effect < 1):
        raise ValueError(
            "The share of buyers, with the effect and without, and the share held out are between 0 and 1."
        )
