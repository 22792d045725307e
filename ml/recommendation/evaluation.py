"""How good rankings are against what was bought afterwards, and how sure that is.

Belongs here: recall and NDCG of each user, the baselines that any recommender is compared with, paired intervals. Does
not belong here: what is good enough (`gate`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.bootstrap import draw_counts
from ml.recommendation.history import as_of_day, bought_within
from ml.recommendation.ranking import Block, best_places, matrices
from ml.recommendation.recipe import Floats, Recipe
from ml.recommendation.related import ItemTables, Method, item_tables

TOP = 10
POPULAR = "most_popular"
REPEATS = "own_repeats"
BASELINES = (POPULAR, REPEATS)
RECIPE = "recipe"
FIGURES = ("recall", "ndcg")
_DRAWS = 1_000


@dataclass(frozen=True, eq=False)
class Hits:
    """Figures of the first TOP items, one value a user, of the users of `users`."""

    users: tuple[str, ...]
    recall: Floats
    ndcg: Floats

    def mean(self) -> dict[str, float]:
        """The mean of each figure over users."""
        return {name: float(getattr(self, name).mean()) for name in FIGURES}


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class CutoffTest:
    """What is asked as of a cutoff: users seen before it who bought within the horizon, and what they bought.

    `bought` is users by items of `tables`; `wanted` counts what each bought, also items that nobody had bought before.
    """

    known: pl.DataFrame
    tables: ItemTables
    users: tuple[str, ...]
    bought: NDArray[np.bool_]
    wanted: NDArray[np.int64]


def make_test(
    history: pl.DataFrame, cutoff: date, horizon_days: int, method: Method, identities: pl.DataFrame | None = None
) -> CutoffTest:
    """The test of a cutoff, with the tables of items that a method makes as of it."""
    known = as_of_day(history, cutoff, identities)
    tables = item_tables(known, cutoff, method)
    outcome = bought_within(history, cutoff, cutoff + timedelta(days=horizon_days))
    if identities is not None:
        names = identities.filter(pl.col("valid_from") <= cutoff, pl.col("valid_until") > cutoff)
        renamed = dict(names.select("member_user_id", "user_id").iter_rows())
        outcome = outcome.with_columns(pl.col("user_id").replace(renamed)).unique()
    asked = outcome.join(known.select("user_id").unique(), on="user_id", how="semi").sort("user_id", "item_id")
    users = asked["user_id"].unique(maintain_order=True)
    place = tables.items["item_id"].to_list()
    columns = asked["item_id"].replace_strict(
        {item: at for at, item in enumerate(place)}, default=-1, return_dtype=pl.Int64
    )
    rows = asked["user_id"].rank("dense").cast(pl.Int64).to_numpy() - 1 if asked.height else np.zeros(0, np.int64)
    bought = np.zeros((len(users), len(place)), np.bool_)
    is_known = columns.to_numpy() >= 0
    bought[rows[is_known], columns.to_numpy()[is_known]] = True
    return CutoffTest(known, tables, tuple(users), bought, np.bincount(rows, minlength=len(users)).astype(np.int64))


def hits_of(test: CutoffTest, places: NDArray[np.int64]) -> Hits:
    """Recall and NDCG of rankings (users by TOP, columns of items, -1 for none).

    Recall divides by everything that the user bought, also items that nobody could recommend yet; so it can be 1 only
    for who bought at most TOP items. NDCG divides by what the best ranking of TOP items would reach.
    """
    is_hit = np.take_along_axis(test.bought, np.maximum(places, 0), axis=1) & (places >= 0)
    discount = 1.0 / np.log2(np.arange(2, places.shape[1] + 2))
    best = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(test.wanted, places.shape[1])]
    return Hits(test.users, is_hit.sum(axis=1) / test.wanted, (is_hit @ discount) / best)


def rank_by(test: CutoffTest, recipe: Recipe | None, baseline: str = "") -> NDArray[np.int64]:
    """Rankings by a recipe, or by a baseline."""
    found = [
        best_places(
            _baseline(block, baseline) if recipe is None else recipe.score(block.signals), block.is_refunded, TOP
        )
        for block in matrices(test.known, test.tables, test.users).blocks()
    ]
    return np.concatenate(found) if found else np.zeros((0, TOP), np.int64)


def _baseline(block: Block, name: str) -> Floats:
    """What a shop would do without learning: most popular in the last weeks; or what the user bought most often.

    The second one is filled up with the most popular.
    """
    popular = block.signals["popular_month"]
    if name == POPULAR:
        return popular
    return block.signals["days"] * 1e3 + popular


def judge(test: CutoffTest, recipe: Recipe) -> dict[str, Hits]:
    """Figures of a recipe (RECIPE) and of both baselines on the same users.

    `test.tables` must be those of the recipe's method.
    """
    found = {name: hits_of(test, rank_by(test, None, name)) for name in BASELINES}
    return {RECIPE: hits_of(test, rank_by(test, recipe)), **found}


def mean_interval(values: Floats, *, draws: int = _DRAWS, seed: int = 0) -> Interval:
    """The mean over users, with a bootstrap over users; of paired differences it is a paired interval."""
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    means = np.array([counts @ values / len(values) for counts in draw_counts(len(values), draws, seed)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def difference(ours: Hits, theirs: Hits, figure: str) -> Interval:
    """By how much a figure of the one is above that of the other, on the same users."""
    if ours.users != theirs.users:
        raise ValueError("Paired differences need the same users in the same order.")
    return mean_interval(getattr(ours, figure) - getattr(theirs, figure))
