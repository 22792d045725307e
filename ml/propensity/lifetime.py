"""What a user will spend over 90 and 365 days: purchase days to come times what such a day is worth.

BG/NBD foretells the days. What a day is worth is the geometric mean of two answers: that of the Gamma-Gamma model,
which knows the mean of the user's own purchase days, and that of the amounts of the purchase model. A user who has
never bought gets the value that the purchase model expects of one horizon, continued like that of a new buyer.

Fader, Hardie & Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis", Journal of Marketing
Research 42(4).

Belongs here: money over more than one horizon. Does not belong here: the money of one horizon (`ml.propensity.amount`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from ml.propensity.bgnbd import BgNbd, History, fit_bgnbd, visit_history
from ml.propensity.matrix import Floats

LIFETIME_DAYS = (90, 365)
LIFETIME_INPUTS = (
    "purchase_days_total",
    "days_since_first_purchase",
    "days_since_last_purchase",
    "purchase_amount_total",
)
"""Days with a purchase, days since the first and the last, and what the user has spent in all."""
LIFETIME_INTERVAL = 0.8
"""How often the total that is spent lies within the range of totals."""

_REACH = 1.2816
"""Standard deviations on both sides that hold LIFETIME_INTERVAL of a normal distribution."""
_SHRINKAGE = 1.0
_FARTHEST = 9.0
_LEAST_Q = 1.01
"""Of the Gamma-Gamma model; the mean of all users is finite above 1."""
_PRIOR_CUTOFFS, _PRIOR_SPREAD = 2, 0.3
"""Before any cutoff is known, this many are taken to have missed by this much."""
_FEWEST = 10
"""Buyers below which everyone's purchase day is worth the same."""


@dataclass(frozen=True)
class GammaGamma:
    """A purchase day of a user is worth Gamma(p, nu), and nu ~ Gamma(q, v) differs by user.

    `v` is in the shop's currency, and 0 where nothing was ever spent.
    """

    p: float
    q: float
    v: float

    def expected(self, days: Floats, mean: Floats) -> Floats:
        """What a purchase day of a user is worth, after `days` of them worth `mean` each."""
        return np.asarray(self.p * (self.v + days * mean) / (self.p * days + self.q - 1.0), np.float64)


def fit_gamma_gamma(days: Floats, mean: Floats, *, l2: float = 0.0) -> GammaGamma:
    """Maximum likelihood on users with purchase days and the mean of what those were worth, in any currency.

    Users without a day or an amount are left out. `l2` pulls the parameters towards 1 (v: the mean) with the force of
    that many users or so, as in `fit_bgnbd`. With fewer than ten buyers, a day of everyone is worth the same.
    """
    is_buyer = (days > 0) & (mean > 0)
    days, mean = days[is_buyer], mean[is_buyer]
    if not len(days):
        return GammaGamma(1.0, 2.0, 0.0)
    unit = float(mean.mean())
    if len(days) < _FEWEST:
        return GammaGamma(1.0, 1e6, _rounded(unit * (1e6 - 1.0)))
    scaled = mean / unit
    logs, total = np.log(scaled * days), len(days)

    def objective(point: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(point)
        shape, spread = p * days, np.log(scaled * days + v)
        likelihood = (
            gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v) + shape * logs - (shape + q) * spread
        ).sum()
        slope = np.array(
            [
                (days * (digamma(shape + q) - digamma(shape) + logs - spread)).sum(),
                (digamma(shape + q) - digamma(q) + np.log(v) - spread).sum(),
                (q / v - (shape + q) / (scaled * days + v)).sum(),
            ]
        ) * np.exp(point)
        loss = 0.5 * l2 * float(point @ point) - float(likelihood)
        return loss / total, np.asarray((l2 * point - slope) / total, np.float64)

    bounds = [(-_FARTHEST, _FARTHEST), (np.log(_LEAST_Q), _FARTHEST), (-_FARTHEST, _FARTHEST)]
    # TNC, for the reason `fit_bgnbd` gives.
    found = minimize(
        objective,
        np.array([0.5, 1.0, 0.5]),
        jac=True,
        method="TNC",
        bounds=bounds,
        options={"maxfun": 500, "ftol": 1e-12, "xtol": 1e-9, "gtol": 1e-9},
    )
    p, q, v = (_rounded(value) for value in np.exp(found.x) * np.array([1.0, 1.0, unit]))
    return GammaGamma(p, q, v)


@dataclass(frozen=True, eq=False)
class PastBuyers:
    """Users of one past cutoff: `visits` and `spent` as in `LifetimeModel.predict`, and what they spent afterwards.

    `came` is the money of the horizon that followed.
    """

    visits: Floats
    spent: Floats
    came: Floats


@dataclass(frozen=True)
class LifetimeModel:
    """Money over LIFETIME_DAYS. `process` foretells purchase days, `worth` what one is worth.

    `horizon_days` is that of the purchase model. `spread` is by how much the totals of past cutoffs missed, as the
    standard deviation of a logarithm.
    """

    process: BgNbd
    worth: GammaGamma
    horizon_days: int
    spread: float

    def predict(self, visits: Floats, spent: Floats, score: Floats, amount: Floats) -> Floats:
        """Money for each user and each of LIFETIME_DAYS, in the shop's currency: (users, len(LIFETIME_DAYS)).

        `visits` are days with a purchase, days since the first and days since the last (rows x 3), and `spent` is the
        money of all of them. `score` and `amount` are what the purchase model answers: the probability of a purchase
        within its horizon, and the money if there is one.
        """
        return self.over(LIFETIME_DAYS, visits, spent, score, amount)

    def over(self, spans: Sequence[int], visits: Floats, spent: Floats, score: Floats, amount: Floats) -> Floats:
        """`predict` for other numbers of days."""
        came = has_bought(visits)
        history = visit_history(np.where(came[:, None], visits, 1.0))
        days = np.where(came, visits[:, 0], 0.0)
        own = self.worth.expected(
            days, np.where(came, np.maximum(np.nan_to_num(spent), 0.0), 0.0) / np.maximum(days, 1)
        )
        # The amount is that of a horizon with a purchase, which holds as many purchase days as BG/NBD says.
        horizon = np.maximum(self.process.expected(history, self.horizon_days), np.finfo(float).tiny)
        model = np.exp(self.process.log_any(history, self.horizon_days)) / horizon * amount
        value_of_day = np.sqrt(np.maximum(own, 0.0) * np.maximum(model, 0.0))
        newcomer = History(np.zeros(1), np.zeros(1), np.zeros(1))
        first = self.process.expected(newcomer, self.horizon_days)
        found = np.empty((len(visits), len(spans)))
        for place, span in enumerate(spans):
            later = self.process.expected(newcomer, span) / first
            found[:, place] = np.where(
                came, self.process.expected(history, span) * value_of_day, score * amount * later
            )
        return found

    def around(self, total: float) -> tuple[float, float]:
        """The range that holds the total spent by all users in LIFETIME_INTERVAL of all cases."""
        reach = np.exp(_REACH * self.spread)
        return float(total / reach), float(total * reach)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            process=BgNbd(**data["process"]),
            worth=GammaGamma(**data["worth"]),
            horizon_days=int(data["horizon_days"]),
            spread=float(data["spread"]),
        )


def fit_lifetime(past: Sequence[PastBuyers], horizon_days: int) -> LifetimeModel:
    """Learn from everyone known at past cutoffs, oldest first: from the history at the newest, and from how far the
    totals of all missed.

    Answers for any input: where nobody has bought yet, the processes are those of their priors.
    """
    newest = past[-1]
    came = has_bought(newest.visits)
    visits, spent = newest.visits[came], np.maximum(np.nan_to_num(newest.spent[came]), 0.0)
    process = fit_bgnbd(visit_history(visits), l2=_SHRINKAGE)
    worth = fit_gamma_gamma(visits[:, 0], spent / visits[:, 0], l2=_SHRINKAGE)
    misses = [miss for each in past if (miss := _missed(process, worth, each, horizon_days)) is not None]
    squares = sum(miss**2 for miss in misses) + _PRIOR_CUTOFFS * _PRIOR_SPREAD**2
    return LifetimeModel(process, worth, horizon_days, _rounded(np.sqrt(squares / (len(misses) + _PRIOR_CUTOFFS))))


def _missed(process: BgNbd, worth: GammaGamma, past: PastBuyers, horizon_days: int) -> float | None:
    """Logarithm of the money that came over the money foretold; None where there was none."""
    known = has_bought(past.visits)
    visits, spent = past.visits[known], np.maximum(np.nan_to_num(past.spent[known]), 0.0)
    worth_of_day = worth.expected(visits[:, 0], spent / visits[:, 0])
    foretold = float((process.expected(visit_history(visits), horizon_days) * worth_of_day).sum())
    came = float(past.came[known].sum())
    return float(np.log(came / foretold)) if came > 0 and foretold > 0 else None


def has_bought(visits: Floats) -> Any:
    """Whose visits (days with a purchase, days since the first and since the last) hold a purchase."""
    return (visits[:, 0] >= 1) & ~np.isnan(visits).any(axis=1)


def _rounded(value: float) -> float:
    return float(f"{value:.8g}")
