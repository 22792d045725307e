"""Folds of a made-up shop: what each may see, and that its rows are those asked about."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.backtest import backtest
from ml.catalogue import FeatureCatalogue
from ml.churn import train_churn
from ml.cutoffs import CutoffPlan, plan_backtest
from ml.errors import NotEnoughData
from ml.kinds import CHURN, PURCHASE, ModelKind
from ml.purchase import train_purchase

ShopFrame = Callable[..., pl.DataFrame]

TRAIN = {PURCHASE: train_purchase, CHURN: train_churn}


@pytest.fixture(scope="module")
def plans() -> tuple[CutoffPlan, ...]:
    return plan_backtest(date(2024, 7, 1), 30, date(2024, 1, 1), folds=2)


@pytest.fixture(scope="module")
def frame(shop_frame: ShopFrame, plan: CutoffPlan, plans: tuple[CutoffPlan, ...]) -> pl.DataFrame:
    """Every day of the plans, made of the days the shop was built for."""
    days = sorted({day for each in plans for day in each.all})
    built = [shop_frame(200, seed=seed).filter(pl.col("as_of") == plan.test) for seed in range(len(days))]
    return pl.concat([rows.with_columns(as_of=pl.lit(day)) for rows, day in zip(built, days, strict=True)])


@pytest.mark.parametrize("kind", TRAIN, ids=str)
def test_a_fold_is_trained_and_tested_as_it_would_have_been(
    kind: ModelKind, frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: tuple[CutoffPlan, ...]
) -> None:
    predictions = backtest(kind, frame, catalogue, plans)
    assert predictions.columns == [
        *("user_id", "as_of", "label", "tenure", "source", "value"),
        *("model", "recency", "rfm_logistic"),
    ]
    for plan in plans:
        alone = TRAIN[kind](frame, catalogue, plan).evaluation.test_predictions
        fold = predictions.filter(pl.col("as_of") == plan.test)
        assert fold["user_id"].to_list() == alone["user_id"].to_list()
        assert fold["model"].to_list() == alone["probability"].to_list()
        assert fold["rfm_logistic"].to_list() == alone["rfm_logistic"].to_list()


def test_later_days_change_nothing(
    frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: tuple[CutoffPlan, ...]
) -> None:
    older = plans[:1]
    changed = frame.with_columns(has_purchased=pl.col("has_purchased") ^ (pl.col("as_of") > older[0].test))
    assert backtest(PURCHASE, changed, catalogue, older).equals(backtest(PURCHASE, frame, catalogue, older))


def test_a_contender_learns_from_the_same_days_and_never_sees_the_answer(
    frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: tuple[CutoffPlan, ...]
) -> None:
    seen: list[tuple[list[date], list[date]]] = []

    def base_rate(learn: pl.DataFrame, asked: pl.DataFrame) -> np.ndarray:
        assert learn.columns == ["user_id", "as_of", *catalogue.names, "label"]
        assert asked.columns == ["user_id", "as_of", *catalogue.names]
        seen.append((sorted(learn["as_of"].unique()), sorted(asked["as_of"].unique())))
        return np.full(asked.height, learn["label"].mean())

    predictions = backtest(PURCHASE, frame, catalogue, plans, contenders={"base_rate": base_rate})
    in_order = sorted(seen, key=lambda days: days[1])
    assert in_order == [([*plan.train, plan.calibration], [plan.test]) for plan in plans]
    learned = frame.filter(pl.col("as_of").is_in([*plans[0].train, plans[0].calibration]))
    assert predictions["base_rate"][0] == learned["has_purchased"].mean()


@pytest.mark.parametrize("scores", [[0.5], [1.5] * 200, [float("nan")] * 200])
def test_a_contender_that_gives_no_probabilities_is_named(
    scores: list[float], frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: tuple[CutoffPlan, ...]
) -> None:
    with pytest.raises(ValueError, match="odd must give one probability"):
        backtest(PURCHASE, frame, catalogue, plans[:1], contenders={"odd": lambda *_: scores})


def test_the_model_of_the_newest_day_is_not_trained_again(
    frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: tuple[CutoffPlan, ...]
) -> None:
    trained = train_purchase(frame, catalogue, plans[-1], seed=1).model
    predictions = backtest(PURCHASE, frame, catalogue, plans, newest=trained)
    newest = predictions.filter(pl.col("as_of") == plans[-1].test)
    rows = frame.filter(pl.col("as_of") == plans[-1].test).sort("user_id")
    assert newest["model"].to_list() == trained.predict(rows)["score"].to_list()
    assert newest["rfm_logistic"].equals(backtest(PURCHASE, frame, catalogue, plans[-1:])["rfm_logistic"])


def test_an_older_fold_without_users_to_calibrate_on_is_left_out(
    frame: pl.DataFrame, catalogue: FeatureCatalogue, plans: tuple[CutoffPlan, ...]
) -> None:
    without = frame.filter(pl.col("as_of") != plans[0].calibration)
    predictions = backtest(PURCHASE, without, catalogue, plans)
    assert predictions["as_of"].unique().to_list() == [plans[-1].test]
    with pytest.raises(NotEnoughData, match="2024-04-02"):
        backtest(PURCHASE, without, catalogue, plans[:1])
