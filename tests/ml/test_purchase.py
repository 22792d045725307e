from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.errors import NotApplicable
from ml.propensity.amount import fit_amounts
from ml.purchase import train_purchase

ShopFrame = Callable[..., pl.DataFrame]


def test_not_applicable_where_nobody_ever_bought(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(100).with_columns(has_purchased=pl.lit(False), purchase_days_total=pl.lit(None, pl.Int64))
    with pytest.raises(NotApplicable, match="no user had bought anything before 2024-07-01"):
        train_purchase(frame, catalogue, plan)


def test_expected_value_is_probability_times_amount(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(1500)
    model = train_purchase(frame, catalogue, plan).model
    rows = frame.filter(pl.col("as_of") == plan.as_of)
    answer = model.predict(rows)
    product = answer["score"] * answer["expected_amount"]
    np.testing.assert_allclose(answer["expected_value"], product)
    assert answer["expected_value"].sum() == pytest.approx(rows["purchase_amount"].sum(), rel=0.15)
    assert set(answer["basis"]) == {"model"}


def _orders(average: list[float | None], orders: list[int], spent: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {"average_order_amount": average, "orders_total": orders, "purchase_amount": spent},
        schema_overrides={"average_order_amount": pl.Float64},
    ).with_columns(has_purchased=pl.col("purchase_amount") > 0)


def test_amounts_follow_the_own_average_the_more_orders_there_are() -> None:
    random = np.random.default_rng(0)
    own = random.gamma(5, 20, 400)
    train = _orders(own.tolist(), [10] * 400, (own * random.uniform(0.8, 1.2, 400)).tolist())
    model = fit_amounts(train, train, np.ones(400))
    often, once, never = model.predict(np.array([[200.0, 50], [200.0, 1], [np.nan, 0]]))
    assert often > once > never
    assert never == pytest.approx(own.mean(), rel=0.1)
    assert often == pytest.approx(200, rel=0.15)


def test_no_buyer_at_all_gives_an_amount_of_zero() -> None:
    nobody = _orders([None, None], [0, 0], [0, 0])
    model = fit_amounts(nobody, nobody, np.array([0.1, 0.1]))
    assert model.predict(np.array([[np.nan, 0], [20.0, 1]])).tolist() == [0, 0]
