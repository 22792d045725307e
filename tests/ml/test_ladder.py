"""The ladder on shops small, rare, young and odd: it always answers, says why, and never loses to the recency rule."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from ml.churn import train_churn
from ml.cutoffs import CutoffPlan, plan_cutoffs
from ml.errors import NotApplicable
from ml.evaluation import log_losses
from ml.propensity.ladder import RUNGS, RungChoice
from ml.propensity.training import TrainedPropensity
from ml.purchase import train_purchase
from tests.ml.shop import CATALOGUE, made_up_shop

Train = Callable[..., TrainedPropensity]

FIRST_DAY = date(2024, 1, 1)
HALF_A_YEAR = plan_cutoffs(date(2024, 7, 1), 30, FIRST_DAY, max_train=3)
TWO_MONTHS = plan_cutoffs(date(2024, 3, 1), 14, FIRST_DAY)
TOO_SHORT_TO_TRAIN = plan_cutoffs(date(2024, 3, 20), 30, FIRST_DAY)

both = pytest.mark.parametrize("train", [train_purchase, train_churn])

RARE = {"buying": 0.01, "visits_a_month": 25.0, "lifetime_days": 6000.0}
FREQUENT = {
    train_purchase: {"buying": 0.75, "visits_a_month": 0.1, "lifetime_days": 6000.0},
    train_churn: {"buying": 0.1, "visits_a_month": 0.5, "lifetime_days": 150.0},
}
BUSY = {"buying": 0.4, "visits_a_month": 5.0}


def shop(plan: CutoffPlan, users: int, **traits: float) -> pl.DataFrame:
    return made_up_shop(users, FIRST_DAY, (*plan.all, plan.as_of), horizon_days=plan.horizon_days, **traits)  # type: ignore[arg-type]


def answer(trained: TrainedPropensity, frame: pl.DataFrame, plan: CutoffPlan) -> pl.Series:
    """The scores as of the plan's day, after checking what holds for every model."""
    assert trained.model.rung in RUNGS
    assert trained.model.rung_reason
    assert trained.parameters["rung"] == trained.model.rung
    score = trained.model.predict(frame.filter(pl.col("as_of") == plan.as_of))["score"]
    assert score.null_count() == 0
    assert score.is_between(0, 1).all()
    return score


def assert_not_worse(train: Train, plan: CutoffPlan, users: int, seeds: range, **traits: float) -> float:
    """The mean gain in log loss over the rule on the test cutoff, by which nothing was chosen; not below 0 by more
    than two standard errors, those of rows that come out as the rule says (rare outcomes may all be missing).

    Shops where nothing had come out positive by the calibration cutoff are left out: those among them that could be
    judged are the ones whose test cutoff has a positive, so they would be chosen by what they are judged by."""
    found = []
    label = "has_purchased" if train is train_purchase else "is_churned"
    for seed in seeds:
        frame = shop(plan, users, seed=seed, **traits)
        if not frame.filter(pl.col("as_of") <= plan.calibration)[label].any():
            continue
        try:
            trained = train(frame, CATALOGUE, plan, seed=seed)
        except NotApplicable:
            continue
        answer(trained, frame, plan)
        found.append(trained.evaluation.test_predictions)
    rows = pl.concat(found)
    came, rule, model = (rows[name].to_numpy() for name in ("label", "rule", "probability"))
    gain = float((log_losses(came, rule) - log_losses(came, model)).mean())
    error = np.sqrt((rule * (1 - rule) * (logit(rule) - logit(model)) ** 2).sum()) / len(rows)
    assert gain >= -2 * error
    return gain


@both
@pytest.mark.parametrize("users", [50, 200, 1000])
def test_rare_outcomes(train: Train, users: int) -> None:
    assert_not_worse(train, HALF_A_YEAR, users, range(2), **RARE)


@both
@pytest.mark.parametrize("users", [50, 200, 1000])
def test_frequent_outcomes(train: Train, users: int) -> None:
    assert_not_worse(train, HALF_A_YEAR, users, range(2), **FREQUENT[train])


@pytest.mark.parametrize(
    ("train", "label", "traits", "share"),
    [
        (train_purchase, "has_purchased", FREQUENT[train_purchase], 0.6),
        (train_churn, "is_churned", RARE, 0.01),
    ],
)
def test_ten_thousand_users_are_enough_to_leave_the_rule(
    train: Train, label: str, traits: dict[str, float], share: float
) -> None:
    frame = shop(HALF_A_YEAR, 10_000, **traits)
    assert frame[label].mean() == pytest.approx(share, rel=0.4)
    trained = train(frame, CATALOGUE, HALF_A_YEAR)
    answer(trained, frame, HALF_A_YEAR)
    metrics = trained.evaluation.metrics
    assert trained.model.rung != "rule"
    assert metrics["log_loss"] < 0.95 * metrics["recency_log_loss"]
    assert metrics["auc"] > metrics["recency_auc"]


@both
@pytest.mark.parametrize("users", [50, 1000])
def test_two_months_of_history(train: Train, users: int) -> None:
    assert len(TWO_MONTHS.train) == 2
    assert_not_worse(train, TWO_MONTHS, users, range(2), visits_a_month=5.0)


@both
def test_history_too_short_to_train_on_gets_the_rule(train: Train) -> None:
    assert TOO_SHORT_TO_TRAIN.train == ()
    frame = shop(TOO_SHORT_TO_TRAIN, 200)
    trained = train(frame, CATALOGUE, TOO_SHORT_TO_TRAIN)
    answer(trained, frame, TOO_SHORT_TO_TRAIN)
    assert trained.model.rung == "rule"
    assert "no train cutoff" in trained.model.rung_reason


@both
@pytest.mark.parametrize("users", [50, 1000])
def test_one_event_a_user(train: Train, users: int) -> None:
    """Nobody ever comes again: nobody buys, everyone churns, and there is nothing to learn."""
    frame = shop(HALF_A_YEAR, users, once=True)
    with pytest.raises(NotApplicable, match="nothing to tell apart"):
        train(frame, CATALOGUE, HALF_A_YEAR)


@both
def test_a_test_window_of_one_outcome_leaves_the_rule_and_a_warning(train: Train) -> None:
    frame = shop(HALF_A_YEAR, 1000)
    label = "has_purchased" if train is train_purchase else "is_churned"
    is_test = pl.col("as_of") == HALF_A_YEAR.test
    quiet = frame.with_columns(pl.when(is_test, pl.col(label)).then(pl.lit(False)).otherwise(label).alias(label))
    trained = train(quiet, CATALOGUE, HALF_A_YEAR)
    answer(trained, quiet, HALF_A_YEAR)
    assert trained.model.rung == "rule"
    assert trained.parameters["warning"].startswith(f"not judged: {label} is false for all ")
    assert "warning" not in train(frame, CATALOGUE, HALF_A_YEAR).parameters


def test_nobody_ever_leaves() -> None:
    frame = shop(HALF_A_YEAR, 300, visits_a_month=500.0, lifetime_days=1e6)
    assert not frame["is_churned"].any()
    with pytest.raises(NotApplicable, match="is_churned is false for everyone"):
        train_churn(frame, CATALOGUE, HALF_A_YEAR)


@pytest.mark.parametrize(("train", "value"), [(train_purchase, None), (train_churn, 3.0)])
def test_any_one_feature_may_be_empty_or_constant(train: Train, value: float | None) -> None:
    frame = shop(HALF_A_YEAR, 40)
    for name in CATALOGUE.names:
        odd = frame.with_columns(pl.lit(value, pl.Float64).alias(name))
        answer(train(odd, CATALOGUE, HALF_A_YEAR), odd, HALF_A_YEAR)


@pytest.mark.parametrize("rung", RUNGS)
@both
def test_every_rung_takes_itself_apart_and_survives_its_files(
    train: Train, rung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.propensity.training.choose_rung", lambda *_: RungChoice(rung, "told to", {}))
    frame = shop(HALF_A_YEAR, 400)
    model = train(frame, CATALOGUE, HALF_A_YEAR).model
    rows = frame.filter(pl.col("as_of") == HALF_A_YEAR.as_of)
    parts = model.contributions(rows)
    score = model.predict(rows)["score"].to_numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-parts.total)), score, atol=1e-12)
    np.testing.assert_allclose(parts.values.sum(axis=1) + parts.bias, parts.total, atol=1e-9)
    assert rung == "ensemble" or [member.name for member in model.members] == [rung]
    again = type(model).from_files(model.to_files())
    assert again.predict(rows).equals(model.predict(rows))


def test_regular_visitors_who_stop_are_left_to_bgnbd() -> None:
    """Many visits and a lifetime: the process itself, which four parameters tell better than any regression."""
    frame = shop(HALF_A_YEAR, 1000, visits_a_month=5.0)
    model = train_churn(frame, CATALOGUE, HALF_A_YEAR).model
    assert model.rung == "bgnbd"
    assert "bgnbd 0." in model.rung_reason


@pytest.mark.soak
@both
@pytest.mark.parametrize(("users", "seeds"), [(50, 32), (200, 32), (1000, 16), (10_000, 4)])
@pytest.mark.parametrize("traits", ["rare", "frequent", "plain", "two months", "two busy months"])
def test_many_shops(train: Train, users: int, seeds: int, traits: str) -> None:
    chosen = {"rare": RARE, "frequent": FREQUENT[train], "two busy months": BUSY}.get(traits, {})
    plan = TWO_MONTHS if "months" in traits else HALF_A_YEAR
    gain = assert_not_worse(train, plan, users, range(seeds), **chosen)
    print(f"{train.__name__} {users} users, {traits}: {gain:+.4f}")  # noqa: T201
