"""Past decisions: who was drawn to get what, with what probability, what was known then, and what came of it.

Belongs here: the arrays that learning and valuing take, made of a frame, and their split by time. Does not: reading
them (`warehouse.decisions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.errors import NotEnoughData
from ml.evaluation import auc
from ml.experiments.assignment import CONTROL
from ml.propensity.matrix import Floats, Matrix, feature_matrix
from ml.uplift.learners import Integers

NOTHING = "none"
"""Action 0: a user of the control group is left alone."""

MESSAGE = "message"
"""To send the message, whichever variant."""

_TYPICAL_ORDERS = 3
_TELLING = 0.05
"""How far from 0.5 the AUC of a feature may be that is to tell who is treated."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """One row a decision.

    `actions` are all that can be done, NOTHING first; `action` is the number of what was. `propensity` is the
    probability with which that was drawn. `outcome` is 1 for a user who bought within the window, and `value` the money
    that a purchase of the user was expected to bring when the decision was made. `day` orders the rows in time.
    """

    actions: tuple[str, ...]
    user: NDArray[np.str_]
    day: NDArray[np.datetime64]
    action: Integers
    propensity: Floats
    outcome: Floats
    value: Floats
    matrix: Matrix
    features: tuple[str, ...]
    typical_purchase: float = 1.0

    def __len__(self) -> int:
        return len(self.action)

    @property
    def weights(self) -> Floats:
        """1 divided by the propensity."""
        return np.asarray(1 / self.propensity, np.float64)

    def reward(self, cost: float) -> Floats:
        """What each row brought: the value of a purchase where there was one, less what a contact costs."""
        return np.asarray(self.outcome * self.value - cost * (self.action > 0), np.float64)

    def rows(self, which: NDArray[np.bool_] | Integers) -> "Decisions":
        """Some of the rows."""
        arrays = ("user", "day", "action", "propensity", "outcome", "value", "matrix")
        return replace(self, **{name: getattr(self, name)[which] for name in arrays})

    def with_features(self, names: Sequence[str]) -> "Decisions":
        """The same with some of the features."""
        places = [self.features.index(name) for name in names]
        matrix = np.ascontiguousarray(self.matrix[:, places])
        return replace(self, matrix=matrix, features=tuple(names))


def decisions_of(frame: pl.DataFrame, features: Sequence[str]) -> Decisions:
    """The decisions of a frame: `user_id`, `decided_on` (date), `campaign`, `arm`, `propensity`,
    `left_alone_propensity`, `bought`, features.

    An action is a variant where all campaigns had the same variants, and otherwise just to send the message, whichever
    variant it was: its probability is then that of not being left alone.

    Raises NotEnoughData where nobody was treated or nobody was left alone, or a propensity is not above 0 and below 1.
    """
    frame = _with_actions(frame)
    names = frame["action"].unique().to_list()
    actions = (NOTHING, *sorted(set(names) - {NOTHING}))
    if len(names) < 2 or NOTHING not in names:
        raise NotEnoughData(
            "There are no users who were drawn to get a message beside others who were held out, with outcomes that "
            "are known: send campaigns with a control group and wait until their windows are over."
        )
    propensity = frame["propensity"].to_numpy().astype(np.float64)
    if not ((propensity > 0) & (propensity < 1)).all():
        raise NotEnoughData("A decision that was certain teaches nothing: propensities must be above 0 and below 1.")
    typical = _typical_purchase(frame)
    numbers = {name: number for number, name in enumerate(actions)}
    return Decisions(
        actions=actions,
        user=np.array(frame["user_id"].to_list(), np.str_),
        day=frame["decided_on"].to_numpy().astype("datetime64[D]"),
        action=np.array([numbers[name] for name in frame["action"]], np.int64),
        propensity=propensity,
        outcome=frame["bought"].to_numpy().astype(np.float64),
        value=purchase_value(frame, typical),
        matrix=feature_matrix(frame, features),
        features=tuple(features),
        typical_purchase=typical,
    )


def purchase_value(frame: pl.DataFrame, typical: float) -> Floats:
    """The money that a purchase of each user is expected to bring: the mean of the user's orders so far.

    Few orders say little, so three of the `typical` amount are added to them.
    """
    orders, amount = (pl.col(name).fill_null(0).cast(pl.Float64) for name in ("orders_total", "purchase_amount_total"))
    value = frame.select(((amount + _TYPICAL_ORDERS * typical) / (orders + _TYPICAL_ORDERS)).clip(lower_bound=0))
    return np.asarray(value.to_series().to_numpy(), np.float64)


def _typical_purchase(frame: pl.DataFrame) -> float:
    """The mean amount of all orders before the decisions; 1 where the shop's events have no amounts."""
    totals = frame.select(pl.col("orders_total", "purchase_amount_total").cast(pl.Float64).sum())
    orders, amount = (float(total) for total in totals.row(0))
    return amount / orders if orders > 0 and amount > 0 else 1.0


def _with_actions(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the column `action`, and `propensity` as that of the action."""
    is_control = pl.col("arm") == CONTROL
    arms = frame.group_by("campaign").agg(pl.col("arm").unique().sort())
    if arms["arm"].n_unique() <= 1:
        return frame.with_columns(action=pl.when(is_control).then(pl.lit(NOTHING)).otherwise(pl.col("arm")))
    # A campaign that writes to everybody says nothing of what a message does.
    uncertain = frame.filter(pl.col("left_alone_propensity") > 0)
    return uncertain.with_columns(
        action=pl.when(is_control).then(pl.lit(NOTHING)).otherwise(pl.lit(MESSAGE)),
        propensity=pl.when(is_control).then(pl.col("propensity")).otherwise(1 - pl.col("left_alone_propensity")),
    )


@dataclass(frozen=True, eq=False)
class Split:
    """Decisions to learn from, those to choose and calibrate by, and those to judge by, in the order of time.

    Without enough days for that, `is_out_of_time` is false and users are divided by chance.
    """

    learn: Decisions
    choose: Decisions
    judge: Decisions
    is_out_of_time: bool


def split_by_time(decisions: Decisions, window_days: int) -> Split:
    """The newest third of the days judges, the third before chooses; windows of earlier parts close before later ones.

    Rows whose window reaches into the next part are in no part.
    """
    days = np.unique(decisions.day)
    if len(days) >= 3:
        shares = np.cumsum([np.sum(decisions.day == day) for day in days]) / len(decisions)
        first = int(np.clip(np.searchsorted(shares, 0.5), 1, len(days) - 2))
        second = int(np.clip(np.searchsorted(shares, 0.75), first + 1, len(days) - 1))
        window = np.timedelta64(timedelta(days=window_days))
        learn = decisions.day + window <= days[first]
        choose = (decisions.day >= days[first]) & (decisions.day + window <= days[second])
        judge = decisions.day >= days[second]
        if all(_has_all(decisions.rows(part)) for part in (learn, choose, judge)):
            return Split(decisions.rows(learn), decisions.rows(choose), decisions.rows(judge), is_out_of_time=True)
    # A user with several decisions is in one part alone.
    _, person = np.unique(decisions.user, return_inverse=True)
    drawn = np.random.default_rng(0).permutation(person.max() + 1)[person] / (person.max() + 1)
    parts = (drawn < 0.5, (drawn >= 0.5) & (drawn < 0.75), drawn >= 0.75)
    first_part, second_part, third_part = (decisions.rows(part) for part in parts)
    return Split(first_part, second_part, third_part, is_out_of_time=False)


def telling_features(decisions: Decisions) -> tuple[str, ...]:
    """Features that tell who was treated, although what was drawn by chance can be known from nothing before it.

    Such as the share of messages that were opened, where the same users are held out of all campaigns: it exists for
    the others alone, and a learner would compare users who cannot be compared.
    """
    is_treated = decisions.action > 0
    treated, others = (_effective_rows(decisions.weights[rows]) for rows in (is_treated, ~is_treated))
    limit = max(_TELLING, 4 * float(np.sqrt((treated + others) / (12.0 * treated * others))))
    found = []
    for name, column in zip(decisions.features, decisions.matrix.T, strict=True):
        present = ~np.isnan(column)
        # Missing values come first.
        filled = np.where(present, column, (column[present].min() - 1) if present.any() else 0)
        if abs(_weighted_auc(is_treated, filled, decisions.weights) - 0.5) > limit:
            found.append(name)
    return tuple(found)


def _effective_rows(weights: Floats) -> float:
    """How many rows of equal weight say as much."""
    squares = float(np.square(weights).sum())
    return max(float(weights.sum()) ** 2 / squares, 1.0) if squares > 0 else 1.0


def _weighted_auc(is_treated: NDArray[np.bool_], score: Floats, weights: Floats) -> float:
    if np.ptp(weights[is_treated]) < 1e-9 and np.ptp(weights[~is_treated]) < 1e-9:
        return auc(is_treated, score)
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_treated, score, sample_weight=weights))


def _has_all(decisions: Decisions) -> bool:
    return len(np.unique(decisions.action)) == len(decisions.actions)
