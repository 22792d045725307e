"""All campaigns together: the difference is found, bounds say how sure it is, and few buyers give none."""

import numpy as np
import polars as pl
import pytest

from ml.errors import NotEnoughData
from ml.experiments.holdout import COLUMNS, holdout_effects, product_name


def sums(count: int, lift: float, rate: float = 2.0) -> pl.DataFrame:
    random = np.random.default_rng(5)
    is_held_out = np.arange(count) % 10 == 0
    before = random.poisson(rate, count)
    orders = random.poisson(rate * 0.5 + 0.5 * before + np.where(is_held_out, 0.0, lift))
    users = pl.DataFrame(
        {
            "is_held_out": is_held_out,
            "orders": orders.astype(float),
            "revenue": 10.0 * orders,
            "orders_before": before.astype(float),
            "revenue_before": 10.0 * before,
        }
    )
    products = [
        (pl.col(one) * pl.col(other)).sum().alias(product_name(one, other)) for one in COLUMNS for other in COLUMNS
    ]
    return users.group_by("is_held_out").agg(pl.len().cast(pl.Float64).alias("users"), pl.col(COLUMNS).sum(), *products)


def test_the_effect_of_all_campaigns_is_found() -> None:
    orders, revenue = holdout_effects(sums(20_000, 0.3), days=180)
    assert (orders.outcome, revenue.outcome) == ("orders", "revenue")
    assert orders.low is not None
    assert orders.high is not None
    assert 0 < orders.low < 0.3 < orders.high
    assert revenue.difference == pytest.approx(10 * orders.difference)
    assert (orders.campaigned_users, orders.held_out_users) == (18_000, 2_000)
    assert orders.campaigned - orders.held_out == pytest.approx(0.3, abs=0.1)


def test_nothing_is_claimed_where_nothing_is_or_few_buy() -> None:
    orders, _ = holdout_effects(sums(20_000, 0.0), days=180)
    assert orders.low is not None
    assert orders.high is not None
    assert orders.low < 0 < orders.high
    assert holdout_effects(sums(200, 0.0, rate=0.05), days=180)[0].low is None
    with pytest.raises(NotEnoughData, match="has no users"):
        holdout_effects(sums(200, 0.0).filter(~pl.col("is_held_out")), days=180)
