"""What items have to do with each other, and how popular they are: learned from everyone's sums as of a day.

Belongs here: item-to-item weights (co-occurrence and EASE) and popularity, as tables of items. They name no user. Does
not belong here: a user's own sums (`history`), and what a weight is worth (`recipe`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from ml.recommendation.history import summed

Floats = NDArray[np.float64]

POPULARITY_DAYS = {"popular_week": 7.0, "popular_month": 30.0, "popular_year": 365.0}
"""In how many days a purchase counts half, for each column of popularity."""
RELATED_EACH = 50
"""How many related items each item keeps."""

_MOST_ITEMS = 20_000
_EASE_ITEMS = 2_000
"""EASE inverts a matrix of this size: under a second and 50 MB on one core."""
_EASE_PENALTY = 200.0


class Method(StrEnum):
    """How weights between items are learned."""

    CO_OCCURRENCE = "co_occurrence"
    """How often users have both, divided by how often they have each; a user with many items counts less."""
    EASE = "ease"
    """The linear autoencoder of Steck (2019): what each item adds to all others a user has. For the most popular
    items only, as it inverts their matrix."""


@dataclass(frozen=True)
class ItemTables:
    """What is known of items as of a day.

    `items` has item_id, buyers (users who ever bought it) and the columns of POPULARITY_DAYS: purchases, fading, in a
    month. `related` has item_id, other_item_id and weight, larger than 0.
    """

    as_of: date
    items: pl.DataFrame
    related: pl.DataFrame


def item_tables(known: pl.DataFrame, as_of: date, method: Method) -> ItemTables:
    """The tables of what was known as of a day (`history.as_of_day`). Without a purchase they are empty."""
    items = popularity(known, as_of)
    sums = summed(known, as_of).join(items.select("item_id"), on="item_id", how="semi").filter(pl.col("taste") > 0)
    tastes, names = _user_item_matrix(sums, items["item_id"])
    weights = _METHODS[method](tastes) if items.height else sparse.csr_matrix((0, 0))
    return ItemTables(as_of, items, _strongest(weights, names))


def popularity(known: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The bought items, the most popular first."""
    age = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    fading = {name: (0.5 ** (age / days)).sum() * (30.0 / days) for name, days in POPULARITY_DAYS.items()}
    return (
        known.filter(pl.col("kind") == "purchase")
        .group_by("item_id")
        .agg(buyers=pl.col("user_id").n_unique().cast(pl.Int64), **fading)
        .sort("popular_month", "item_id", descending=[True, False])
        .head(_MOST_ITEMS)
    )


def _user_item_matrix(sums: pl.DataFrame, items: pl.Series) -> tuple[sparse.csr_matrix, pl.Series]:
    """Users by items, in the order of `items`."""
    place = sums.select("item_id").join(
        pl.DataFrame({"item_id": items}).with_row_index("place"), on="item_id", how="left", maintain_order="left"
    )["place"]
    user = sums["user_id"].rank("dense").to_numpy().astype(np.int64) - 1 if sums.height else np.zeros(0, np.int64)
    shape = (int(user.max()) + 1 if len(user) else 0, len(items))
    return sparse.csr_matrix((sums["taste"].to_numpy(), (user, place.to_numpy())), shape=shape), items


def _co_occurrence(tastes: sparse.csr_matrix) -> sparse.csr_matrix:
    items_each = np.maximum(np.diff(tastes.indptr), 1)
    together = (tastes.T @ sparse.diags(items_each**-0.5) @ tastes).tocsr()
    alone = sparse.diags((together.diagonal() + 0.5) ** -0.5)
    together.setdiag(0.0)
    return (alone @ together @ alone).tocsr()


def _ease(tastes: sparse.csr_matrix) -> sparse.csr_matrix:
    # The items are in order of popularity.
    chosen = tastes[:, :_EASE_ITEMS].sqrt()
    gram = (chosen.T @ chosen).toarray()
    gram[np.diag_indices_from(gram)] += _EASE_PENALTY
    inverse = cho_solve(cho_factor(gram, overwrite_a=True), np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    kept = sparse.csr_matrix(np.maximum(weights, 0.0))
    kept.resize((tastes.shape[1], tastes.shape[1]))
    return kept


_METHODS: dict[Method, Callable[[sparse.csr_matrix], sparse.csr_matrix]] = {
    Method.CO_OCCURRENCE: _co_occurrence,
    Method.EASE: _ease,
}


def _strongest(weights: sparse.csr_matrix, items: pl.Series) -> pl.DataFrame:
    """The RELATED_EACH heaviest others of each item, the heaviest first; of equals the more popular."""
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []
    for item in range(weights.shape[0]):
        row = slice(weights.indptr[item], weights.indptr[item + 1])
        weight, other = weights.data[row], weights.indices[row]
        least = np.partition(weight, -RELATED_EACH)[-RELATED_EACH] if len(weight) > RELATED_EACH else 0.0
        kept = np.flatnonzero((weight >= least) & (weight > 0))
        kept = kept[np.lexsort((other[kept], -weight[kept]))][:RELATED_EACH]
        found.append((np.full(len(kept), item), other[kept].astype(np.int64), weight[kept]))
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else [np.zeros(0)] * 3
    return pl.DataFrame(
        {
            "item_id": items.gather(columns[0].astype(np.int64)),
            "other_item_id": items.gather(columns[1].astype(np.int64)),
            "weight": columns[2].astype(np.float64),
        }
    )
