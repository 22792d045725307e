"""A small made-up shop that keeps the time rule: users with rates and lifetimes of their own, the days on which they
come and buy, and from those the features and labels of any cutoff."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.catalogue import Feature, FeatureCatalogue

_FEATURES = {
    "days_since_last_activity": ("recency", "days", "win_back"),
    "days_since_last_purchase": ("recency", "days", "win_back"),
    "days_since_first_seen": ("tenure", "days", None),
    "days_since_first_purchase": ("tenure", "days", None),
    "active_days_total": ("frequency", "days", "engagement"),
    "active_days_30d": ("frequency", "days", "engagement"),
    "purchase_days_total": ("frequency", "days", "frequency"),
    "orders_total": ("frequency", "orders", "frequency"),
    "purchase_amount_total": ("monetary", "money", "basket"),
    "average_order_amount": ("monetary", "money", "basket"),
    "weekend_share": ("habits", "share", None),
}

CATALOGUE = FeatureCatalogue(
    tuple(
        Feature(name, f"{name}.", name.replace("_", " "), family, unit, ("purchase", "churn"), lever)
        for name, (family, unit, lever) in _FEATURES.items()
    )
)


def made_up_shop(
    users: int,
    first_day: date,
    cutoffs: Sequence[date],
    *,
    horizon_days: int = 30,
    buying: float = 0.2,
    visits_a_month: float = 1.0,
    lifetime_days: float = 400.0,
    once: bool = False,
    seed: int = 0,
) -> pl.DataFrame:
    """Features and labels of everyone seen before each of `cutoffs`.

    About the share `buying` of the living buys within 30 days. Users join until a horizon and ten days before the last
    cutoff, come and buy at rates that differ by user and stay, and leave for good after an exponential lifetime.
    With `once` each has a single day: a visit or a purchase.
    """
    random = np.random.default_rng(seed)
    days = (max(cutoffs) - first_day).days + horizon_days
    joined = random.integers(0, days - 2 * horizon_days - 10, users)[:, None]
    left = joined + random.exponential(lifetime_days, users)[:, None]
    day = np.arange(days)
    is_living = (day >= joined) & (day < left)
    buys = random.gamma(0.8, 1.0, users) * -np.log1p(-buying) * 1.6 / 30
    visits = random.gamma(1.5, visits_a_month / 1.5, users) / 30
    purchases = is_living & (random.random((users, days)) < 1 - np.exp(-buys[:, None]))
    activity = purchases | (is_living & (random.random((users, days)) < 1 - np.exp(-visits[:, None]))) | (day == joined)
    if once:
        activity = day == joined
        purchases = activity & (random.random((users, 1)) < buying)
    amounts = np.zeros((users, days))
    amounts[purchases] = random.gamma(4, 5, int(purchases.sum()))
    weekend = activity & np.isin((day + first_day.weekday()) % 7, (5, 6))
    names = np.array([f"u{number:05d}" for number in range(users)])
    return pl.concat(
        _snapshot(names, cutoff, (cutoff - first_day).days, horizon_days, activity, purchases, amounts, weekend)
        for cutoff in cutoffs
    )


def _snapshot(
    names: NDArray[np.str_],
    cutoff: date,
    place: int,
    horizon_days: int,
    activity: NDArray[np.bool_],
    purchases: NDArray[np.bool_],
    amounts: NDArray[np.float64],
    weekend: NDArray[np.bool_],
) -> pl.DataFrame:
    known, ahead = slice(0, place), slice(place, place + horizon_days)
    active, bought = activity[:, known], purchases[:, known]
    orders, spent = bought.sum(axis=1), amounts[:, known].sum(axis=1)
    has_bought = orders > 0
    frame = pl.DataFrame(
        {
            "user_id": names,
            "as_of": [cutoff] * len(names),
            "days_since_last_activity": _days_since_last(active),
            "days_since_last_purchase": _days_since_last(bought),
            "days_since_first_seen": place - active.argmax(axis=1),
            "days_since_first_purchase": np.where(has_bought, place - bought.argmax(axis=1), np.nan),
            "active_days_total": active.sum(axis=1),
            "active_days_30d": active[:, -30:].sum(axis=1),
            "purchase_days_total": orders,
            "orders_total": orders,
            "purchase_amount_total": spent,
            "average_order_amount": np.where(has_bought, spent / np.maximum(orders, 1), np.nan),
            "weekend_share": weekend[:, known].sum(axis=1) / np.maximum(active.sum(axis=1), 1),
            "has_activity": activity[:, ahead].any(axis=1),
            "has_purchased": purchases[:, ahead].any(axis=1),
            "purchase_amount": amounts[:, ahead].sum(axis=1),
        }
    )
    return (
        frame.filter(active.any(axis=1))
        .with_columns(pl.col(pl.Float64).fill_nan(None))
        .with_columns(
            is_churned=pl.when(pl.col("days_since_last_activity") <= horizon_days).then(~pl.col("has_activity"))
        )
    )


def _days_since_last(days: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(days.any(axis=1), 1.0 + days[:, ::-1].argmax(axis=1), np.nan)
