"""Rankings of many users at once: for training, judging and benchmarks.

Belongs here: signals as matrices of users by items, and the best items of each row. Does not belong here: one user's
answer, for which candidates come from Postgres (`answer`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from ml.recommendation.history import summed
from ml.recommendation.recipe import Floats, Recipe, signals
from ml.recommendation.related import POPULARITY_DAYS, ItemTables

BLOCK_USERS = 256
_SUMS = ("days", "recent", "lasting", "viewed", "taste")


@dataclass(frozen=True, eq=False)
class Block:
    """Some users by all items: their places in what was asked, their signals, and what they gave back."""

    users: slice
    signals: dict[str, Floats]
    is_refunded: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Matrices:
    """Sums of some users as matrices of users by items, in the order of `users` and of `tables.items`."""

    tables: ItemTables
    users: tuple[str, ...]
    sums: dict[str, sparse.csr_matrix]
    is_refunded: sparse.csr_matrix
    weights: sparse.csr_matrix

    def blocks(self) -> Iterator[Block]:
        """All users, a block at a time, so that memory holds one block."""
        popularity = {name: self.tables.items[name].to_numpy()[None, :] for name in POPULARITY_DAYS}
        for first in range(0, len(self.users), BLOCK_USERS):
            rows = slice(first, min(first + BLOCK_USERS, len(self.users)))
            taste = self.sums["taste"][rows]
            own = {name: self.sums[name][rows].toarray() for name in _SUMS[:-1]}
            related = np.asarray((taste @ self.weights).toarray())
            total = np.asarray(taste.sum(axis=1)).reshape(-1, 1)
            given = signals(own, related, total, popularity)
            given = {name: np.broadcast_to(values, related.shape) for name, values in given.items()}
            yield Block(rows, given, self.is_refunded[rows].toarray() > 0)


def matrices(known: pl.DataFrame, tables: ItemTables, users: Sequence[str]) -> Matrices:
    """The sums of `users` as of the day of `tables`; a user of whom nothing is known has a row of zeros."""
    items = tables.items["item_id"].to_list()
    item_place = {item: place for place, item in enumerate(items)}
    user_place = {user: place for place, user in enumerate(users)}
    asked = known.filter(pl.col("user_id").is_in(list(users)), pl.col("item_id").is_in(items))
    sums = summed(asked, tables.as_of)
    rows = sums["user_id"].replace_strict(user_place, return_dtype=pl.Int64).to_numpy()
    columns = sums["item_id"].replace_strict(item_place, return_dtype=pl.Int64).to_numpy()

    def matrix(values: pl.Series) -> sparse.csr_matrix:
        return sparse.csr_matrix((values.cast(pl.Float64).to_numpy(), (rows, columns)), shape=(len(users), len(items)))

    related = tables.related
    return Matrices(
        tables=tables,
        users=tuple(users),
        sums={name: matrix(sums[name]) for name in _SUMS},
        is_refunded=matrix(sums["is_refunded"]),
        weights=sparse.csr_matrix(
            (
                related["weight"].to_numpy(),
                (
                    related["item_id"].replace_strict(item_place, return_dtype=pl.Int64).to_numpy(),
                    related["other_item_id"].replace_strict(item_place, return_dtype=pl.Int64).to_numpy(),
                ),
            ),
            shape=(len(items), len(items)),
        ),
    )


def best_places(scores: Floats, is_refunded: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """The columns of the `most` highest scores of each row, the highest first; -1 where there are no more items.

    What the user gave back is never among them. Of equal scores the first column wins, which is the more popular item.
    """
    allowed = np.where(is_refunded, -np.inf, scores)
    order = np.argsort(-allowed, axis=1, kind="stable")[:, :most]
    found = np.where(np.isfinite(np.take_along_axis(allowed, order, axis=1)), order, -1).astype(np.int64)
    return np.pad(found, ((0, 0), (0, most - found.shape[1])), constant_values=-1)


def recommended(
    recipe: Recipe, tables: ItemTables, known: pl.DataFrame, users: Sequence[str], most: int
) -> pl.DataFrame:
    """The best items of each user by a recipe: user_id, place (from 1) and item_id."""
    items = tables.items["item_id"]
    found = [
        best_places(recipe.score(block.signals), block.is_refunded, most)
        for block in matrices(known, tables, users).blocks()
    ]
    places = np.concatenate(found) if found else np.zeros((0, most), np.int64)
    frame = pl.DataFrame(
        {
            "user_id": np.repeat(np.array(users, dtype=object), most).tolist(),
            "place": np.tile(np.arange(1, most + 1), len(users)),
            "item": places.ravel(),
        },
        schema={"user_id": pl.String, "place": pl.Int64, "item": pl.Int64},
    ).filter(pl.col("item") >= 0)
    return frame.select("user_id", "place", item_id=items.gather(frame["item"]))
