"""A fresh level for the ranking that a model has, and the gate that it goes through."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan
from ml.gate.levels import decide_level
from ml.propensity.fresh_level import fresh_level
from ml.propensity.model import PropensityModel
from ml.purchase import train_purchase

ShopFrame = Callable[..., pl.DataFrame]


def off_by(model: PropensityModel, shift: float) -> PropensityModel:
    return replace(model, stack=replace(model.stack, intercept=model.stack.intercept + shift))


def test_a_level_that_was_too_low_is_found_and_goes_through(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(3000)
    model = train_purchase(frame, catalogue, plan).model
    rows = frame.filter(pl.col("as_of").is_in([plan.calibration, plan.test]))
    low = off_by(model, -0.8)
    fresh = fresh_level(low, rows)
    decision = decide_level(fresh)
    assert decision.promote
    assert fresh.shift == pytest.approx(0.8, abs=0.15)
    assert decision.checks["foretold"] < decision.checks["came"]
    assert decision.checks["foretold_afterwards"] == pytest.approx(decision.checks["came"], rel=0.1)
    assert f"came {decision.checks['came']:,.0f} of" in decision.reason
    newest = frame.filter(pl.col("as_of") == plan.test)
    before, after = (each.predict(newest)["score"].to_numpy() for each in (low, fresh.model))
    np.testing.assert_allclose(logit(after) - logit(before), fresh.shift, atol=1e-6)


def test_a_level_that_holds_is_left_as_it_is(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(3000)
    model = train_purchase(frame, catalogue, plan).model
    decision = decide_level(fresh_level(model, frame.filter(pl.col("as_of") == plan.test)))
    assert not decision.promote
    assert "came" in decision.reason


def test_few_outcomes_teach_no_level(shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> None:
    frame = shop_frame(400)
    model = off_by(train_purchase(frame, catalogue, plan).model, -2.0)
    decision = decide_level(fresh_level(model, frame.filter(pl.col("as_of") == plan.test)))
    assert not decision.promote
    assert "too few to learn a level from" in decision.reason


def test_without_outcomes_there_is_no_level(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(400)
    model = train_churn(frame, catalogue, plan).model
    with pytest.raises(ValueError, match="there is no level to learn"):
        fresh_level(model, frame.with_columns(is_churned=pl.lit(None, pl.Boolean)))


def test_amounts_follow_the_newest_buyers(shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> None:
    frame = shop_frame(1500)
    model = train_purchase(frame, catalogue, plan).model
    dearer = frame.filter(pl.col("as_of") == plan.test).with_columns(pl.col("purchase_amount") * 2)
    assert fresh_level(model, dearer).money == pytest.approx(2.0, rel=0.1)


def test_silent_users_are_answered_as_before(
    shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(1500)
    model = off_by(train_churn(frame, catalogue, plan).model, -1.0)
    rows = frame.filter(pl.col("as_of") == plan.test)
    silent = rows.filter(pl.col("days_since_last_activity") > plan.horizon_days)
    before, after = (each.predict(silent)["score"] for each in (model, fresh_level(model, rows).model))
    assert before.to_list() == after.to_list()
