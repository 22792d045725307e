"""What must hold for purchase and churn alike."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml import artifact
from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan
from ml.errors import FeatureMismatch, NotApplicable, NotEnoughData
from ml.evaluation import log_loss
from ml.kinds import model_kind, outcome_of
from ml.propensity.training import TrainedPropensity
from ml.purchase import train_purchase

ShopFrame = Callable[..., pl.DataFrame]
Train = Callable[..., TrainedPropensity]

both = pytest.mark.parametrize("train", [train_purchase, train_churn])


@both
def test_model_beats_recency_and_is_calibrated(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    trained = train(shop_frame(3000), catalogue, plan)
    metrics = trained.evaluation.metrics
    assert trained.model.rung in ("logistic", "ensemble")
    assert metrics["auc"] > metrics["recency_auc"] + 0.01
    assert metrics["auc"] > metrics["rfm_logistic_auc"] - 0.01
    assert metrics["calibration_error"] < 0.05
    predictions = trained.evaluation.test_predictions
    assert predictions["as_of"].unique().to_list() == [plan.test]
    assert {"user_id", "label", "probability", "recency", "rule", "rfm_logistic"} <= set(predictions.columns)


@both
def test_contributions_add_up_exactly(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(2500)
    model = train(frame, catalogue, plan).model
    rows = frame.filter(pl.col("as_of") == plan.as_of)
    parts = model.contributions(rows)
    score = model.predict(rows)["score"].to_numpy()
    assert parts.values.shape == (rows.height, len(model.feature_names))
    np.testing.assert_allclose(parts.values.sum(axis=1) + parts.bias, parts.total, atol=1e-9)
    np.testing.assert_allclose(1 / (1 + np.exp(-parts.total)), score, atol=1e-9)


@both
@pytest.mark.parametrize("size", [1, 2, 7, 65])
def test_an_answer_does_not_depend_on_who_else_is_asked(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan, size: int
) -> None:
    """To the last bit, so that a user's score is the same in one process and in batches on many machines."""
    frame = shop_frame(2500)
    model = train(frame, catalogue, plan).model
    rows = frame.filter(pl.col("as_of") == plan.as_of).head(40 * size)
    batches = list(rows.iter_slices(size))
    assert pl.concat([model.predict(batch) for batch in batches]).equals(model.predict(rows))
    assert [each for batch in batches for each in model.explain(batch)] == model.explain(rows)


@both
def test_same_rows_in_any_order_give_the_same_bytes(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(800)
    first = train(frame, catalogue, plan, seed=3)
    again = train(frame.sample(fraction=1, shuffle=True, seed=9), catalogue, plan, seed=3)
    assert first.model.to_files() == again.model.to_files()
    assert first.evaluation.metrics == again.evaluation.metrics


@both
def test_a_loaded_model_answers_the_same(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan, tmp_path: Path
) -> None:
    frame = shop_frame(2500)
    model = train(frame, catalogue, plan).model
    digest = artifact.save(model, tmp_path / "model", provenance=artifact.Provenance(cutoffs=plan.to_dict()))
    loaded = artifact.load(tmp_path / "model", digest)
    rows = frame.filter(pl.col("as_of") == plan.as_of)
    assert loaded.predict(rows).equals(model.predict(rows))
    assert loaded.to_files() == model.to_files()


@both
@pytest.mark.parametrize("users", [50, 200])
@pytest.mark.parametrize("buying", [0.01, 0.6])
def test_small_data_always_gets_an_answer(
    train: Train, users: int, buying: float, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(users, buying=buying, seed=5)
    try:
        trained = train(frame, catalogue, plan)
    except NotApplicable:
        assert not frame["has_purchased"].any()
        return
    rows = frame.filter(pl.col("as_of") == plan.as_of)
    score = trained.model.predict(rows)["score"]
    assert score.is_between(0, 1).all()
    assert score.null_count() == 0
    assert trained.model.rung_reason


@both
def test_small_data_is_not_worse_than_the_rule_by_more_than_noise(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    losses = []
    for seed in range(6):
        predictions = train(shop_frame(120, seed=seed), catalogue, plan).evaluation.test_predictions
        label = predictions["label"].to_numpy()
        losses.append([log_loss(label, predictions[name].to_numpy()) for name in ("probability", "rule")])
    model, rule = np.mean(losses, axis=0)
    assert model < rule + 0.03


@both
def test_constant_and_empty_features_do_no_harm(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(1500).with_columns(weekend_share=pl.lit(None, pl.Float64), purchase_amount_total=pl.lit(7.0))
    model = train(frame, catalogue, plan).model
    parts = model.contributions(frame.filter(pl.col("as_of") == plan.as_of))
    for name in ("weekend_share", "purchase_amount_total"):
        assert np.abs(parts.values[:, model.feature_names.index(name)]).max() < 1e-6


@both
def test_without_train_cutoffs_the_rule_answers(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(500)
    trained = train(frame, catalogue, replace(plan, train=()))
    assert trained.model.rung == "rule"
    assert "only the recency rule" in trained.model.rung_reason
    answers = trained.model.predict(frame.filter(pl.col("as_of") == plan.as_of))
    assert set(answers["basis"]) == {"rule"}
    assert 0.3 < trained.evaluation.metrics["auc"] <= 1


@both
@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_only(
    train: Train, outcome: bool, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(300).with_columns(
        has_purchased=pl.lit(outcome),
        has_activity=pl.lit(not outcome),
        is_churned=pl.when(pl.col("is_churned").is_not_null()).then(pl.lit(outcome)),
    )
    with pytest.raises(NotApplicable, match=f"is {str(outcome).lower()} for everyone at every cutoff"):
        train(frame, catalogue, plan)


@both
def test_the_calibration_cutoff_may_have_one_outcome(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    is_calibration = pl.col("as_of") == plan.calibration
    frame = shop_frame(600).with_columns(
        pl.when(is_calibration, pl.col(name).is_not_null()).then(pl.lit(False)).otherwise(name).alias(name)
        for name in ("has_purchased", "is_churned")
    )
    trained = train(frame, catalogue, plan)
    assert trained.model.rung == "rule"
    assert "one outcome only" in trained.model.rung_reason
    assert "warning" not in trained.parameters


@both
def test_missing_feature_and_missing_rows_are_named(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(300)
    model = train(frame, catalogue, plan).model
    with pytest.raises(FeatureMismatch, match="`weekend_share`"):
        model.predict(frame.drop("weekend_share"))
    with pytest.raises(FeatureMismatch, match="`orders_total`"):
        train(frame.drop("orders_total"), catalogue, plan)
    with pytest.raises(NotEnoughData, match=str(plan.test)):
        train(frame.filter(pl.col("as_of") != plan.test), catalogue, plan)


@both
def test_nothing_in_gives_nothing_out(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(300)
    model = train(frame, catalogue, plan).model
    assert model.predict(frame.head(0)).height == 0
    assert model.explain(frame.head(0)) == []


@both
def test_an_unknown_user_gets_the_prior(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(400)
    model = train(frame, catalogue, plan).model
    assert model.prior.basis == "prior"
    label = outcome_of(model_kind(model.kind)).label
    rate = frame.filter(pl.col("as_of") == plan.calibration)[label].mean()
    assert model.prior.score == pytest.approx(rate, abs=0.01)


def test_training_leaves_its_frame_alone(shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> None:
    frame = shop_frame(300)
    before = frame.clone()
    train_purchase(frame, catalogue, plan)
    assert frame.equals(before)
