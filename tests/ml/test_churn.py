from collections.abc import Callable

import polars as pl
import pytest

from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan

ShopFrame = Callable[..., pl.DataFrame]


def test_users_outside_the_population_are_answered_by_rule(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(2500)
    model = train_churn(frame, catalogue, plan).model
    rows = frame.filter(pl.col("as_of") == plan.as_of)
    answer = rows.select("days_since_last_activity", "has_activity").hstack(model.predict(rows))
    silent = answer.filter(pl.col("days_since_last_activity") > plan.horizon_days)
    active = answer.filter(pl.col("days_since_last_activity") <= plan.horizon_days)
    assert set(silent["basis"]) == {"rule"}
    assert set(active["basis"]) == {"model"}
    observed = 1 - silent["has_activity"].mean()
    assert silent["score"].mean() == pytest.approx(observed, abs=0.08)


def test_the_longer_the_silence_the_higher_the_risk(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(2500)
    model = train_churn(frame, catalogue, plan).model
    silent = frame.filter(pl.col("days_since_last_activity") > plan.horizon_days).sort("days_since_last_activity")
    score = model.predict(silent)["score"]
    assert score.is_sorted() or score.is_sorted(descending=True)


def test_silence_is_the_reason_of_a_silent_user(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(2500)
    model = train_churn(frame, catalogue, plan).model
    silent = frame.filter(pl.col("days_since_last_activity") > plan.horizon_days).head(20)
    for answer in model.explain(silent):
        assert [reason.feature for reason in answer.reasons] == ["days_since_last_activity"]
    parts = model.contributions(silent)
    assert parts.bias == pytest.approx([parts.bias[0]] * 20)


def test_a_user_with_no_activity_at_all_is_answered(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(400)
    model = train_churn(frame, catalogue, plan).model
    empty = frame.head(1).with_columns(pl.col(name).cast(pl.Float64) * None for name in catalogue.names)
    answer = model.predict(empty)
    assert answer["basis"].to_list() == ["rule"]
    assert answer["score"].is_between(0, 1).all()
