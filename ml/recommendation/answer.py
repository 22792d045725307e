"""One user's answer from candidates that a store has found.

Belongs here: what is asked of the store, and the ranking of its candidates. Does not belong here: SQL, and many users
at once (`ranking`). Both rank alike: a test compares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.recommendation.history import HISTORY, summed
from ml.recommendation.recipe import Recipe, signals
from ml.recommendation.related import POPULARITY_DAYS

_OWN = ("days", "recent", "lasting", "viewed")


@dataclass(frozen=True)
class Candidate:
    """An item that may be recommended. `related` is the sum over the user's items of weight times taste."""

    item_id: str
    buyers: int
    popular_week: float
    popular_month: float
    popular_year: float
    related: float
    because_of: str | None


@dataclass(frozen=True)
class Ranked:
    """A recommended item. `is_repeat`: the user has bought it before. `because_of` is an item of the user's."""

    item_id: str
    buyers: int
    is_repeat: bool
    because_of: str | None


def own_sums(rows: Sequence[tuple[str, str, str, date, date, int]], as_of: date) -> pl.DataFrame:
    """The sums (`history.summed`) of one user's history up to now, in the columns of HISTORY.

    They are as of the day after the user's last event where that is later than `as_of`, the day of the tables.
    """
    known = pl.DataFrame(rows, schema=HISTORY, orient="row")
    last = max((row[3] for row in rows), default=as_of)
    return summed(known.with_columns(user_id=pl.lit("")), max(as_of, last + timedelta(days=1)))


def rank(recipe: Recipe, own: pl.DataFrame, candidates: Sequence[Candidate], most: int) -> list[Ranked]:
    """The best candidates, never one that the user gave back."""
    refunded = set(own.filter("is_refunded")["item_id"])
    left = [each for each in candidates if each.item_id not in refunded]
    if not left:
        return []
    wanted = pl.DataFrame({"item_id": [each.item_id for each in left]})
    mine = wanted.join(own, on="item_id", how="left", maintain_order="left").fill_null(0.0)
    given = signals(
        {name: mine[name].to_numpy() for name in _OWN},
        np.array([each.related for each in left]),
        np.full(len(left), own["taste"].sum()),
        {name: np.array([getattr(each, name) for each in left]) for name in POPULARITY_DAYS},
    )
    scores = recipe.score(given)
    # Of equal scores the more popular item comes first, as in `ranking`.
    order = sorted(range(len(left)), key=lambda at: (-scores[at], -left[at].popular_month, left[at].item_id))
    days = mine["days"].to_list()
    return [
        Ranked(left[at].item_id, left[at].buyers, days[at] > 0, left[at].because_of if left[at].related > 0 else None)
        for at in order[:most]
    ]
