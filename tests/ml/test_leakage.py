"""Nothing later than its cutoff reaches a model: rows of later roles can be anything, and planted leaks are seen.

Belongs here: the time rule inside `ml`. Not: that of the marts (tests/integration/dbt_project/test_time_rule.py).
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan
from ml.propensity import training
from ml.propensity.fitting import Material, Rows
from ml.propensity.model import PropensityModel
from ml.propensity.training import TrainedPropensity
from ml.propensity.trees import TreeMember
from ml.purchase import train_purchase

ShopFrame = Callable[..., pl.DataFrame]
Train = Callable[[pl.DataFrame, FeatureCatalogue, CutoffPlan], TrainedPropensity]

both = pytest.mark.parametrize("train", [train_purchase, train_churn])
LABELS = ("has_purchased", "has_activity", "is_churned")


def disturbed(frame: pl.DataFrame, days: tuple[date, ...]) -> pl.DataFrame:
    """The frame with other values, other outcomes and fewer users on the days given."""
    there = pl.col("as_of").is_in(days)
    frame = frame.with_columns(pl.selectors.integer().cast(pl.Float64))
    numbers = frame.select(pl.selectors.float()).columns
    nth = pl.int_range(pl.len())
    return frame.with_columns(
        *(pl.when(there).then(pl.col(name) * 1.2 + 1).otherwise(pl.col(name)).alias(name) for name in numbers),
        *(pl.when(there & (nth % 10 == 0)).then(~pl.col(name)).otherwise(pl.col(name)).alias(name) for name in LABELS),
    ).filter(~there | (nth % 7 != 0))


def whole(model: PropensityModel) -> object:
    """Every byte of a model."""
    return model.to_files()


def members(model: PropensityModel) -> object:
    """What was learned, before any weight was given to it."""
    return {each.name: each.to_bytes() if isinstance(each, TreeMember) else each.to_dict() for each in model.members}


def is_blind_to(
    days: tuple[date, ...],
    read: Callable[[PropensityModel], object],
    train: Train,
    frame: pl.DataFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
) -> bool:
    """Whether what is read of a trained model stays the same, bit by bit, whatever the rows of some days say."""
    models = [train(rows, catalogue, plan).model for rows in (frame, disturbed(frame, days))]
    return read(models[0]) == read(models[1])


@both
def test_test_rows_and_later_ones_change_no_byte_of_a_model(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    assert is_blind_to((plan.test, plan.as_of), whole, train, shop_frame(600), catalogue, plan)


@both
def test_what_chooses_the_recipe_was_fitted_on_train_rows_alone(
    train: Train,
    shop_frame: ShopFrame,
    catalogue: FeatureCatalogue,
    plan: CutoffPlan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The calibration cutoff compares the rungs and weighs the members: nothing it compares may have seen it."""
    learned_from: list[list[date]] = []
    fit = training.fit_rungs

    def spied(material: Material, rows: Rows, newest: date) -> object:
        learned_from.append([*rows.frame["as_of"].unique().sort(), newest])
        return fit(material, rows, newest)

    monkeypatch.setattr(training, "fit_rungs", spied)
    train(shop_frame(600), catalogue, plan)
    assert learned_from == [[*plan.train, plan.train[-1]]]


@both
def test_calibration_rows_change_the_weights(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    frame = shop_frame(600)
    first, second = (train(rows, catalogue, plan).model for rows in (frame, disturbed(frame, (plan.calibration,))))
    assert first.stack != second.stack


@both
def test_train_rows_do_change_the_members(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    """The check itself sees what there is to see."""
    assert not is_blind_to(plan.train[-1:], members, train, shop_frame(600), catalogue, plan)


def scaled_on_everything(train: Train) -> Train:
    """Training after a standard scaler that was fitted on all rows, test rows among them."""

    def leaking(frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> TrainedPropensity:
        counts = pl.col("active_days_total", "purchase_amount_total").cast(pl.Float64)
        return train(frame.with_columns((counts - counts.mean()) / counts.std()), catalogue, plan)

    return leaking


def encoded_on_everything(train: Train) -> Train:
    """Training after a target encoder that was fitted on all rows, test rows among them."""

    def leaking(frame: pl.DataFrame, catalogue: FeatureCatalogue, plan: CutoffPlan) -> TrainedPropensity:
        rate = pl.col("has_purchased").mean().over(pl.col("weekend_share").round(1))
        return train(frame.with_columns(weekend_share=rate), catalogue, plan)

    return leaking


@pytest.mark.parametrize("plant", [scaled_on_everything, encoded_on_everything])
def test_a_scaler_or_encoder_fitted_on_all_rows_is_seen(
    plant: Callable[[Train], Train], shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    assert not is_blind_to((plan.test,), members, plant(train_purchase), shop_frame(600), catalogue, plan)


@both
def test_one_test_user_says_nothing_about_another(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    """Neither the model nor the baselines it is compared with are fitted on the rows they are tested on."""
    frame = shop_frame(600)
    odd = pl.col("user_id").str.slice(1).cast(pl.Int64) % 2 == 1
    mixed = pl.concat([disturbed(frame.filter(odd), ()), disturbed(frame.filter(~odd), (plan.test,))])
    first, second = (train(rows, catalogue, plan).evaluation.test_predictions.filter(odd) for rows in (frame, mixed))
    assert first.equals(second)
    assert first.height > 100


@both
def test_shuffled_labels_teach_nothing(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    label = LABELS[0] if train is train_purchase else LABELS[2]
    frame = shop_frame(2000)
    known, unknown = frame.filter(pl.col(label).is_not_null()), frame.filter(pl.col(label).is_null())
    found = []
    for seed in range(3):
        shuffled = known.with_columns(pl.col(label).shuffle(seed=seed).over("as_of"))
        found.append(train(pl.concat([shuffled, unknown]), catalogue, plan).evaluation.metrics["auc"])
    assert all(0.45 <= auc <= 0.55 for auc in found), found


@both
def test_a_feature_that_carries_the_label_is_seen_under_shuffled_labels(
    train: Train, shop_frame: ShopFrame, catalogue: FeatureCatalogue, plan: CutoffPlan
) -> None:
    label = LABELS[0] if train is train_purchase else LABELS[2]
    frame = shop_frame(600)
    noise = np.random.default_rng(0).normal(0, 0.5, frame.height)
    shuffled = frame.with_columns(pl.col(label).shuffle(seed=0).over("as_of", pl.col(label).is_null()))
    leaking = shuffled.with_columns(weekend_share=pl.col(label).cast(pl.Float64) + noise)
    assert train(leaking, catalogue, plan).evaluation.metrics["auc"] > 0.8
