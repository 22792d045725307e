from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from ml.catalogue import FeatureCatalogue
from ml.cutoffs import CutoffPlan
from ml.errors import NotApplicable
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
    assert (answer["expected_amount_low"] < answer["expected_amount"]).all()
    assert (answer["expected_amount"] < answer["expected_amount_high"]).all()
    assert set(answer["basis"]) == {"model"}
