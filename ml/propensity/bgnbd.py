"""BG/NBD: users come at rates of their own and, after any visit, may be gone for good.

Fader, Hardie & Lee (2005), "Counting your customers the easy way: an alternative to the Pareto/NBD model", Marketing
Science 24(2). While alive, a user comes at rate lambda ~ Gamma(r, alpha); after each visit they leave with probability
p ~ Beta(a, b). A visit is a day with a purchase, or a day with any activity.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaincinv, digamma, gammaln, logit

from ml.propensity.matrix import Floats, Matrix, weighted_sum

_SHRINKAGE = 1.0
_PSEUDO_ROWS = 10.0
_SUREST = 7.0
"""A member's log-odds end here (one in 1,100): nobody is so surely gone that a stack should stake all on it."""
_MOST = -math.log1p(math.exp(-_SUREST))

_COALITIONS = (np.arange(8)[:, None] >> np.arange(3)) & 1 == 1
_SHAPLEY = np.array([[-2, 2, -1, 1, -1, 1, -2, 2], [-2, -1, 2, 1, -1, -2, 1, 2], [-2, -1, -1, -2, 2, 1, 1, 2]]) / 6
"""The 8 coalitions of three features, and each feature's Shapley value from what the coalitions are worth."""

_FARTHEST = 9.0
"""Parameters stay within e^-9 and e^9 (alpha in units of the mean age): a homogeneous shop would send them off."""

_NODES = 64
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class History:
    """Visits of users, one entry a user, times in one unit counted from the first visit.

    `repeats` (x in the paper): visits after the first. `last` (t_x): time of the newest, 0 without repeats.
    `age` (T): time until now; at least `last`.
    """

    repeats: Floats
    last: Floats
    age: Floats

    def __len__(self) -> int:
        return len(self.repeats)


@dataclass(frozen=True)
class BgNbd:
    """The four parameters; alpha is in the unit of time of the histories it was fitted on."""

    r: float
    alpha: float
    a: float
    b: float

    def log_alive(self, history: History) -> Floats:
        """Logarithm of the probability that a user may still come; 0 (certain) without repeats."""
        alive, gone = self._log_ends(history)
        return np.asarray(alive - np.logaddexp(alive, gone))

    def log_any(self, history: History, ahead: float) -> Floats:
        """Logarithm of the probability of at least one visit in the next `ahead` units of time.

        Alive now, the rate is Gamma(r + x, alpha + T), and nobody leaves before coming once more; so
        P(>= 1) = P(alive) x (1 - ((alpha + T) / (alpha + T + ahead))^(r + x)).
        """
        none = -(self.r + history.repeats) * np.log1p(ahead / (self.alpha + history.age))
        return np.asarray(self.log_alive(history) + np.log(np.maximum(-np.expm1(none), np.finfo(float).tiny)))

    def expected(self, history: History, ahead: float) -> Floats:
        """Expected number of visits in the next `ahead` units of time (paper: equation 10).

        A user who leaves with probability p makes (1 - (1 + p ahead / (alpha + T))^-(r + x)) / p of them; the mean over
        p ~ Beta(a, b + x) is taken by quadrature, finite where the paper's hypergeometric function overflows.
        """
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        values, place = np.unique(history.repeats, return_inverse=True)
        leaves = np.maximum(betaincinv(self.a, self.b + values[:, None], (nodes + 1) / 2), _SMALLEST)[place]
        came, time = (self.r + history.repeats)[:, None], (self.alpha + history.age)[:, None]
        visits = -np.expm1(-came * np.log1p(leaves * ahead / time)) / leaves
        return np.asarray(np.exp(self.log_alive(history)) * weighted_sum(visits, weights.tolist()) / 2)

    def log_likelihood(self, history: History) -> float:
        """Of all users together (paper: equation 6)."""
        return float(np.sum(self._log_came(history.repeats) + np.logaddexp(*self._log_ends(history))))

    def _log_came(self, repeats: Floats) -> Floats:
        """The part of a user's likelihood that only the number of visits decides."""
        r, a, b = self.r, self.a, self.b
        return np.asarray(
            gammaln(r + repeats)
            - gammaln(r)
            + r * np.log(self.alpha)
            + (gammaln(a + b) - gammaln(a + b + repeats))
            + (gammaln(b + repeats) - gammaln(b))
        )

    def _log_ends(self, history: History) -> tuple[Floats, Floats]:
        """Log weights of the two ways to have been silent since: alive, or gone with the last repeat."""
        came = self.r + history.repeats
        alive = -came * np.log(self.alpha + history.age)
        before = np.maximum(history.repeats - 1, 0)
        gone = np.log(self.a) - np.log(self.b + before) - came * np.log(self.alpha + history.last)
        return alive, np.where(history.repeats > 0, gone, -np.inf)


def fit_bgnbd(history: History, *, l2: float = 0.0) -> BgNbd:
    """Maximum likelihood, over equal histories taken together.

    `l2` pulls the logarithm of each parameter towards 0 (alpha: towards the mean age) with the force of that many
    users or so, which keeps an answer on few users sober; 0 is plain maximum likelihood. Answers for any input:
    without users all of it is the pull.
    """
    unit = float(history.age.mean()) if len(history) and history.age.any() else 1.0
    rows, counts = np.unique(np.column_stack([history.repeats, history.last, history.age]), axis=0, return_counts=True)
    scaled = History(rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit)
    values, place = np.unique(scaled.repeats, return_inverse=True)
    users = counts.astype(np.float64)
    # What hangs on the number of visits alone is computed once a number.
    users_of = np.asarray(np.bincount(place, weights=users, minlength=len(values)), np.float64)
    total = max(len(history), 1)

    def objective(point: Floats) -> tuple[float, Floats]:
        model = BgNbd(*np.exp(point).tolist())
        alive, gone = model._log_ends(scaled)
        ends = np.logaddexp(alive, gone)
        likelihood = (users_of * model._log_came(values)).sum() + (users * ends).sum()
        slope = _slope(model, scaled, values, users_of, users, np.exp(alive - ends)) * np.exp(point)
        return (
            float(0.5 * l2 * point @ point - likelihood) / total,
            np.asarray((l2 * point - slope) / total, np.float64),
        )

    # TNC, because L-BFGS-B calls a threaded library at every step and waits for it on a busy machine.
    found = minimize(
        objective,
        np.zeros(4),
        jac=True,
        method="TNC",
        bounds=[(-_FARTHEST, _FARTHEST)] * 4,
        options={"maxfun": 500, "ftol": 1e-12, "xtol": 1e-9, "gtol": 1e-9},
    )
    # Eight digits are far beyond what the data can tell and hide the last bits of the optimiser.
    r, alpha, a, b = (float(f"{value:.8g}") for value in np.exp(found.x) * np.array([1.0, unit, 1.0, 1.0]))
    return BgNbd(r, alpha, a, b)


def _slope(model: BgNbd, history: History, values: Floats, users_of: Floats, users: Floats, alive: Floats) -> Floats:
    """Derivative of the log-likelihood by r, alpha, a, b; `alive` is P(alive) of each row."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    came, gone = r + history.repeats, 1 - alive
    both = digamma(a + b) - digamma(a + b + values)
    before = b + np.maximum(history.repeats - 1, 0)
    now, then = alpha + history.age, alpha + history.last
    # Plain sums: a product of this size would start threads that cost ten times what they save.
    by_r = (users_of * (digamma(r + values) - digamma(r) + np.log(alpha))).sum()
    by_r -= (users * (alive * np.log(now) + gone * np.log(then))).sum()
    by_alpha = users.sum() * r / alpha - (users * came * (alive / now + gone / then)).sum()
    by_a = (users_of * both).sum() + (users * gone).sum() / a
    by_b = (users_of * (both + digamma(b + values) - digamma(b))).sum() - (users * gone / before).sum()
    return np.array([by_r, by_alpha, by_a, by_b])


@dataclass(frozen=True)
class BgNbdMember:
    """Log-odds that a user comes within the horizon, or, with `is_silence`, that they do not.

    `columns` are the places of three features: days with a visit, days since the first, days since the last.
    `typical` is the user that contributions are told against: the median of each. Users who never came, whose
    rate no history tells, have log-odds of their own.
    """

    columns: tuple[int, int, int]
    process: BgNbd
    horizon_days: int
    is_silence: bool
    typical: tuple[float, float, float]
    never_log_odds: float

    name = "bgnbd"

    def log_odds(self, matrix: Matrix) -> Floats:
        """Log-odds of every row."""
        return self._log_odds(matrix[:, self.columns].astype(np.float64))

    def contributions(self, matrix: Matrix) -> Floats:
        """Exact Shapley values of the three features against the typical user, whose log-odds are the last column."""
        visits = matrix[:, self.columns].astype(np.float64)
        mixed = np.where(_COALITIONS[:, None, :], visits, np.asarray(self.typical))
        values = self._log_odds(mixed.reshape(-1, 3)).reshape(8, len(matrix))
        result = np.zeros((len(matrix), matrix.shape[1] + 1))
        # Not a product of matrices: see `weighted_sum`.
        result[:, self.columns] = sum(weight * each[:, None] for weight, each in zip(_SHAPLEY.T, values, strict=True))
        result[:, -1] = values[0]
        return result

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        days, first, last = data["columns"]
        usual_days, usual_first, usual_last = map(float, data["typical"])
        return cls(
            columns=(int(days), int(first), int(last)),
            process=BgNbd(**{key: float(value) for key, value in data["process"].items()}),
            horizon_days=int(data["horizon_days"]),
            is_silence=bool(data["is_silence"]),
            typical=(usual_days, usual_first, usual_last),
            never_log_odds=float(data["never_log_odds"]),
        )

    def _log_odds(self, visits: Floats) -> Floats:
        came = _has_come(visits)
        history = visit_history(np.where(came[:, None], visits, 1.0))
        log_any = np.minimum(self.process.log_any(history, self.horizon_days), _MOST)
        log_odds = np.maximum(log_any - np.log(-np.expm1(log_any)), -_SUREST)
        return np.where(came, -log_odds if self.is_silence else log_odds, self.never_log_odds)


def fit_bgnbd_member(
    everyone: Matrix,
    asked: Matrix,
    labels: Floats,
    columns: tuple[int, int, int],
    *,
    horizon_days: int,
    is_silence: bool,
) -> BgNbdMember:
    """Fit the process on `everyone` seen before one cutoff, in whose features their whole history is told.

    `asked` and `labels` are the rows of all train cutoffs that have an answer: the rate of users who never came,
    shrunken towards that of all, and the typical user are theirs.
    """
    seen = everyone[:, columns].astype(np.float64)
    process = fit_bgnbd(visit_history(seen[_has_come(seen)]), l2=_SHRINKAGE)
    visits = asked[:, columns].astype(np.float64)
    came = _has_come(visits)
    base = (labels.sum() + 0.5) / (len(labels) + 1.0)
    never = (labels[~came].sum() + _PSEUDO_ROWS * base) / ((~came).sum() + _PSEUDO_ROWS)
    days, first, last = np.median(visits[came], axis=0).tolist() if came.any() else (1.0, 1.0, 1.0)
    return BgNbdMember(columns, process, horizon_days, is_silence, (days, first, last), float(logit(never)))


def visit_history(visits: Floats) -> History:
    """From rows of days with a visit, days since the first and days since the last, as of the day after what is known.

    A user who came yesterday for the first time has an age of 0 days. Impossible rows are bent into possible ones.
    """
    days, first, last = visits.T
    age = np.maximum(first - 1, 0)
    return History(np.maximum(days - 1, 0), np.minimum(np.maximum(first - last, 0), age), age)


def _has_come(visits: Floats) -> NDArray[np.bool_]:
    return np.asarray((visits[:, 0] >= 1) & ~np.isnan(visits).any(axis=1))
