"""Fitting a recipe: weights of signals from what was bought after past cutoffs, the method chosen out of time.

Belongs here: training rows, the fit, the choice. Does not belong here: whether the result is good enough (`gate`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from ml.cutoffs import CutoffPlan
from ml.errors import NotApplicable
from ml.recommendation.evaluation import CutoffTest, Hits, hits_of, judge, make_test, rank_by
from ml.recommendation.ranking import matrices
from ml.recommendation.recipe import SIGNALS, Floats, Recipe
from ml.recommendation.related import Method

_TRAIN_CUTOFFS = 3
_TRAIN_USERS = 400
_OTHER_SHARE = 0.02
"""Of pairs that the user neither had nor bought this share is learned from, and each weighs so much more."""
_LEAST_USERS = 30


@dataclass(frozen=True, eq=False)
class TrainedRecipe:
    """A fitted recipe, how each method did at the calibration cutoff, and figures of each user at the test cutoff."""

    recipe: Recipe
    chosen_by: dict[str, float]
    test: CutoffTest
    hits: dict[str, Hits]
    """By contender: `recipe` and the baselines."""

    @property
    def metrics(self) -> dict[str, float]:
        """Figures for the registry."""
        found = {
            f"{name}_{figure}_at_10": value for name, hits in self.hits.items() for figure, value in hits.mean().items()
        }
        return {**found, **self.chosen_by, "test_users": float(len(self.test.users))}


def train_recipe(history: pl.DataFrame, plan: CutoffPlan, identities: pl.DataFrame | None = None) -> TrainedRecipe:
    """Fits a recipe for each method, keeps the one that ranks better at the calibration cutoff, and tests it.

    Raises NotApplicable where events name no items, or too few users buy again what or where they bought before.
    """
    if not history.filter(pl.col("kind") == "purchase").height:
        raise NotApplicable("No purchase names an item, so there is nothing to recommend.")
    cutoffs = plan.train[-_TRAIN_CUTOFFS:]
    if not cutoffs:
        raise NotApplicable(f"There is too little history before {plan.as_of} to learn what to recommend.")
    fitted: dict[Method, Recipe] = {}
    chosen_by: dict[str, float] = {}
    for method in Method:
        tests = [make_test(history, day, plan.horizon_days, method, identities) for day in cutoffs]
        fitted[method] = _fit(tests, plan, method)
        asked = make_test(history, plan.calibration, plan.horizon_days, method, identities)
        chosen_by[f"calibration_ndcg_{method}"] = hits_of(asked, rank_by(asked, fitted[method])).mean()["ndcg"]
    # Of equals the first, which is cheaper.
    best = max(Method, key=lambda method: chosen_by[f"calibration_ndcg_{method}"])
    test = make_test(history, plan.test, plan.horizon_days, best, identities)
    return TrainedRecipe(fitted[best], chosen_by, test, judge(test, fitted[best]))


def _fit(tests: Iterable[CutoffTest], plan: CutoffPlan, method: Method) -> Recipe:
    """A logistic regression of pairs of users and items on whether the user bought the item."""
    random = np.random.default_rng(0)
    parts = [part for test in tests for part in _rows(test, random)]
    users = sum(part[3] for part in parts)
    rows = np.concatenate([part[0] for part in parts]) if parts else np.zeros((0, len(SIGNALS)))
    labels = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0)
    importance = np.concatenate([part[2] for part in parts]) if parts else np.zeros(0)
    if users < _LEAST_USERS or labels.min(initial=1.0) == labels.max(initial=0.0):
        raise NotApplicable(
            f"Only {users} users bought again after the cutoffs to learn from; {_LEAST_USERS} are needed to learn what "
            f"to recommend."
        )
    scale = rows.std(axis=0)
    scale[scale == 0] = 1.0
    fitted = LogisticRegression(max_iter=500).fit(rows / scale, labels, sample_weight=importance)
    # To few digits, so that the order in which sums are taken on a machine makes no other model.
    weights = {name: round(float(value), 6) for name, value in zip(SIGNALS, fitted.coef_[0] / scale, strict=True)}
    return Recipe(plan.as_of, plan.horizon_days, method, weights)


def _rows(test: CutoffTest, random: np.random.Generator) -> Iterable[tuple[Floats, Floats, Floats, int]]:
    """Signals, labels and importance of pairs, and how many users they are of.

    All pairs that the user had or bought count, and a sample of the others. Who bought many items weighs less.
    """
    if not test.users:
        return
    chosen = np.sort(random.permutation(len(test.users))[:_TRAIN_USERS])
    asked = matrices(test.known, test.tables, [test.users[place] for place in chosen])
    for block in asked.blocks():
        bought = test.bought[chosen[block.users]]
        is_close = bought | (block.signals["days"] > 0)
        row, column = np.nonzero(is_close | (random.random(bought.shape) < _OTHER_SHARE))
        close = is_close[row, column]
        size = np.maximum(bought.sum(axis=1), 1)[row]
        yield (
            np.stack([block.signals[name][row, column] for name in SIGNALS], axis=1),
            bought[row, column].astype(np.float64),
            np.where(close, 1.0, 1.0 / _OTHER_SHARE) / np.sqrt(size),
            len(bought),
        )
