"""What users did with items, and its sums as of a day.

Belongs here: the form of the history, the time rule on it, and sums for each user and item. Does not belong here: what
items have to do with each other (`related`), and what the sums are worth (`recipe`).
"""

from datetime import date

import polars as pl

HISTORY: dict[str, pl.DataType] = {
    "user_id": pl.String(),
    "item_id": pl.String(),
    "kind": pl.String(),
    "day": pl.Date(),
    "known_day": pl.Date(),
    "times": pl.Int64(),
}
"""A history: how often a user did something with an item on a day. `kind` is purchase, refund, view or cart;
`known_day` is the later of the day and the day on which the events were received."""

_RECENT_DAYS = 30.0
_LASTING_DAYS = 120.0
_VIEW_DAYS = 14.0
_VIEW_TASTE = 0.3
"""What a view says of a user's taste, where a purchase says 1."""


def as_of_day(history: pl.DataFrame, as_of: date, identities: pl.DataFrame | None = None) -> pl.DataFrame:
    """What was known when the day began, with the ids of one person replaced by the id that they were shown under.

    `identities` has member_user_id, user_id, valid_from and valid_until.
    """
    known = history.filter(pl.col("day") < as_of, pl.col("known_day") < as_of)
    if identities is None or identities.is_empty():
        return known
    valid = identities.filter(pl.col("valid_from") <= as_of, pl.col("valid_until") > as_of)
    names = dict(valid.select("member_user_id", "user_id").iter_rows())
    return known.with_columns(pl.col("user_id").replace(names))


def bought_within(history: pl.DataFrame, as_of: date, until: date) -> pl.DataFrame:
    """The user_id and item_id of everything that was bought from `as_of` to the day before `until`, each once.

    Only what was known by then counts: an outcome is what was known when its window closed.
    """
    return (
        history.filter(
            pl.col("kind") == "purchase", pl.col("day") >= as_of, pl.col("day") < until, pl.col("known_day") < until
        )
        .select("user_id", "item_id")
        .unique()
    )


def summed(known: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row for each user and item, ordered by both.

    `days` is on how many days the user bought it. `recent` and `lasting` are the same with purchases fading by half in
    30 and in 120 days, `viewed` counts days with a view or a cart that fade by half in 14. `taste` is how much the item
    says of the user, from 0 to 1. An item is `is_refunded` if it was ever given back.
    """
    is_bought = pl.col("kind") == "purchase"
    is_viewed = pl.col("kind").is_in(["view", "cart"])
    age = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    daily = known.select("user_id", "item_id", "kind", "day").unique().with_columns(age=age)

    def faded(days: float, which: pl.Expr) -> pl.Expr:
        return (0.5 ** (pl.col("age") / days)).filter(which).sum()

    return (
        daily.group_by("user_id", "item_id")
        .agg(
            days=is_bought.sum().cast(pl.Float64),
            recent=faded(_RECENT_DAYS, is_bought),
            lasting=faded(_LASTING_DAYS, is_bought),
            viewed=faded(_VIEW_DAYS, is_viewed),
            is_refunded=(pl.col("kind") == "refund").any(),
        )
        .with_columns(taste=pl.min_horizontal(pl.lit(1.0), pl.col("lasting") + _VIEW_TASTE * pl.col("viewed")))
        .sort("user_id", "item_id")
    )
