"""Groups of users in which a model must hold as well as among all: by tenure, by source, by value.

Belongs here: who belongs to which group, from features as of the day. Does not belong here: figures of a group.
"""

from collections.abc import Sequence

import polars as pl

from ml.propensity.matrix import require_columns

SLICES = ("tenure", "source", "value")

_NEW_DAYS = 90
_SOURCES = ("telegram", "web", "mobile")


def slice_users(features: pl.DataFrame) -> pl.DataFrame:
    """One text column a slicing, in the order of the rows. Halves are drawn within each `as_of`.

    `tenure`: "new" (first seen within 90 days), and the others by their median: "known for a while", "long known".
    `source`: where most of a user's activity came from, "other" for none of telegram, web and mobile, or where the
    features do not say.
    `value`: "never bought", and buyers by their median spend: "low spender", "high spender".

    Raises FeatureMismatch for a missing column of tenure or value.
    """
    require_columns(features, ["as_of", "days_since_first_seen", "purchase_days_total", "purchase_amount_total"])
    tenure, spent = pl.col("days_since_first_seen"), pl.col("purchase_amount_total").fill_null(0.0)
    is_new, has_bought = tenure <= _NEW_DAYS, pl.col("purchase_days_total").fill_null(0) > 0
    return features.select(
        tenure=pl.when(is_new)
        .then(pl.lit("new"))
        .when(tenure > _median_where(tenure, ~is_new))
        .then(pl.lit("long known"))
        .otherwise(pl.lit("known for a while")),
        source=_main_source(features.columns),
        value=pl.when(~has_bought)
        .then(pl.lit("never bought"))
        .when(spent > _median_where(spent, has_bought))
        .then(pl.lit("high spender"))
        .otherwise(pl.lit("low spender")),
    )


def _main_source(columns: Sequence[str]) -> pl.Expr:
    shares = {name: pl.col(f"{name}_share").fill_null(0.0) for name in _SOURCES if f"{name}_share" in columns}
    others = pl.lit(1.0) - pl.sum_horizontal(pl.lit(0.0), *shares.values())
    largest = pl.max_horizontal(others, *shares.values())
    return pl.coalesce(
        *(pl.when(share == largest).then(pl.lit(name)) for name, share in shares.items()), pl.lit("other")
    )


def _median_where(values: pl.Expr, chosen: pl.Expr) -> pl.Expr:
    return pl.when(chosen).then(values).median().over("as_of")
