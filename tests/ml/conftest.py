"""A small made-up shop: frames of features and labels with known rates, for the propensity models."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.catalogue import Feature, FeatureCatalogue
from ml.cutoffs import CutoffPlan, plan_cutoffs

_FEATURES = {
    "days_since_last_activity": ("recency", "days", "win_back"),
    "days_since_last_purchase": ("recency", "days", "win_back"),
    "days_since_first_seen": ("tenure", "days", None),
    "active_days_total": ("frequency", "days", "engagement"),
    "purchase_days_total": ("frequency", "days", "frequency"),
    "orders_total": ("frequency", "orders", "frequency"),
    "purchase_amount_total": ("monetary", "money", "basket"),
    "average_order_amount": ("monetary", "money", "basket"),
    "weekend_share": ("habits", "share", None),
    "days_since_first_purchase": ("tenure", "days", None),
}

ShopFrame = Callable[..., pl.DataFrame]


@pytest.fixture(scope="session")
def plan() -> CutoffPlan:
    return plan_cutoffs(date(2024, 7, 1), 30, date(2024, 1, 1), max_train=3)


@pytest.fixture(scope="session")
def catalogue() -> FeatureCatalogue:
    return FeatureCatalogue(
        tuple(
            Feature(name, f"{name}.", name.replace("_", " "), family, unit, ("purchase", "churn"), lever)
            for name, (family, unit, lever) in _FEATURES.items()
        )
    )


@pytest.fixture(scope="session")
def shop_frame(plan: CutoffPlan) -> ShopFrame:
    """`shop_frame(users=..., buying=..., seed=...)`: the same users at every day of the plan and at as_of."""

    def build(users: int = 600, *, buying: float = 0.2, seed: int = 0) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        frames = []
        # Rates differ by user and stay; a purchase within the horizon is Poisson with that rate.
        rate = random.gamma(0.8, 1.0, users) * -np.log1p(-min(buying, 0.95)) * 1.6
        for day in (*plan.all, plan.as_of):
            tenure = random.integers(31, 120, users).astype(float)
            orders = random.poisson(rate * tenure / 30)
            visits = random.poisson((rate + 0.5) * tenure / 30) + 1 + orders
            recency = np.minimum(random.exponential(30 / (rate + 0.5)), tenure - 1).round() + 1
            purchase_recency = np.minimum(recency + random.exponential(30 / (rate + 0.1)).round(), tenure)
            spent = orders * random.gamma(4, 5, users)
            probability = 1 - np.exp(-rate)
            visit = 1 - np.exp(-(rate + 0.5))
            bought = random.random(users) < probability
            active = bought | (random.random(users) < visit)
            frames.append(
                pl.DataFrame(
                    {
                        "user_id": [f"u{number:05d}" for number in range(users)],
                        "as_of": [day] * users,
                        "days_since_last_activity": recency,
                        "days_since_last_purchase": np.where(orders > 0, purchase_recency, np.nan),
                        "days_since_first_seen": tenure,
                        "days_since_first_purchase": np.where(orders > 0, tenure, np.nan),
                        "active_days_total": visits,
                        "purchase_days_total": orders,
                        "orders_total": orders,
                        "purchase_amount_total": spent,
                        "average_order_amount": np.where(orders > 0, spent / np.maximum(orders, 1), np.nan),
                        "weekend_share": random.random(users),
                        "has_activity": active,
                        "has_purchased": bought,
                        "purchase_amount": np.where(bought, random.gamma(4, 5, users), 0.0),
                        "is_churned": pl.Series(~active).cast(pl.Int8),
                    }
                ).with_columns(
                    pl.when(pl.col("days_since_last_activity") <= plan.horizon_days)
                    .then(pl.col("is_churned") == 1)
                    .alias("is_churned")
                )
            )
        return pl.concat(frames).with_columns(pl.col(pl.Float64).fill_nan(None))

    return build
