"""Money over 90 and 365 days: the Gamma-Gamma model against its paper, and totals against simulated users."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cdnow import cdnow_file, read_cdnow
from ml.propensity.bgnbd import BgNbd, visit_history
from ml.propensity.lifetime import (
    LIFETIME_DAYS,
    GammaGamma,
    LifetimeModel,
    PastBuyers,
    fit_gamma_gamma,
    fit_lifetime,
)
from ml.propensity.matrix import Floats

MODEL = LifetimeModel(BgNbd(0.8, 60.0, 0.8, 2.5), GammaGamma(6.0, 4.0, 15.0), 30, 0.2)


def visits(*rows: tuple[float, float, float]) -> Floats:
    return np.array(rows, np.float64)


def test_published_parameters() -> None:
    """Fader & Hardie (2013), "The gamma-gamma model of monetary value": the 946 who came again in the CDNOW sample."""
    lines = (cdnow_file().parent / "CDNOW_sample.txt").read_text().splitlines()
    days = (
        read_cdnow(cdnow_file())
        .filter(
            pl.col("user_id").is_in({line.split()[0] for line in lines})
            & (pl.col("occurred_at") <= datetime(1997, 9, 30, tzinfo=UTC))
        )
        .group_by("user_id", "occurred_at")
        .agg(pl.col("amount").cast(pl.Float64).sum())
        .sort("user_id", "occurred_at")
    )
    users = (
        days.group_by("user_id", maintain_order=True)
        .agg(again=pl.col("amount").slice(1))
        .with_columns(days=pl.col("again").list.len(), mean=pl.col("again").list.mean())
    )
    users = users.filter(pl.col("days") > 0)
    assert users.height == 946
    found = fit_gamma_gamma(users["days"].cast(pl.Float64).to_numpy(), users["mean"].to_numpy())
    assert (found.p, found.q, found.v) == pytest.approx((6.25, 3.74, 15.44), rel=0.02)


def test_a_purchase_day_is_between_the_own_mean_and_that_of_all() -> None:
    worth = GammaGamma(6.0, 4.0, 15.0)
    of_all = worth.expected(np.zeros(1), np.zeros(1))[0]
    assert of_all == pytest.approx(6 * 15 / 3)
    few, many = worth.expected(np.array([1.0, 50.0]), np.array([90.0, 90.0]))
    assert of_all < few < many < 90
    assert many == pytest.approx(90, rel=0.05)


@settings(max_examples=20, deadline=None)
@given(unit=st.floats(0.001, 10_000))
def test_the_unit_of_money_changes_nothing_else(unit: float) -> None:
    random = np.random.default_rng(0)
    days, mean = random.integers(1, 9, 300).astype(float), random.lognormal(3, 0.7, 300)
    pounds, other = fit_gamma_gamma(days, mean), fit_gamma_gamma(days, mean * unit)
    np.testing.assert_allclose(other.expected(days, mean * unit), unit * pounds.expected(days, mean), rtol=1e-4)


def test_without_buyers_a_day_is_worth_nothing_and_few_buyers_are_all_alike() -> None:
    assert fit_gamma_gamma(np.zeros(3), np.zeros(3)).expected(np.zeros(1), np.zeros(1))[0] == 0
    few = fit_gamma_gamma(np.array([1.0, 2.0]), np.array([10.0, 30.0]))
    np.testing.assert_allclose(few.expected(np.array([0.0, 2.0]), np.array([0.0, 30.0])), 20, rtol=1e-3)


def test_more_days_bring_more_money_and_never_in_proportion() -> None:
    """Some will have left by then."""
    users = visits((1, 40, 40), (6, 200, 3), (6, 200, 90), (np.nan, np.nan, np.nan))
    value = MODEL.predict(users, np.array([30.0, 180.0, 180.0, 0.0]), np.full(4, 0.1), np.full(4, 30.0))
    assert value.shape == (4, len(LIFETIME_DAYS))
    assert (value > 0).all()
    quarter, year = value.T
    assert (year > quarter).all()
    assert (year < quarter * 365 / 90).all()
    # The longer a user is silent, the less is to be expected.
    assert quarter[2] < quarter[1]


def test_whoever_never_bought_is_worth_what_the_purchase_model_says_of_the_horizon() -> None:
    never = visits((0, np.nan, np.nan))
    value = MODEL.over([30], never, np.zeros(1), np.array([0.1]), np.array([50.0]))
    np.testing.assert_allclose(value, [[5.0]])


def test_totals_of_simulated_users() -> None:
    """Fitted to the history of 20,000 users who come and leave as BG/NBD says, and asked about the following year."""
    random = np.random.default_rng(3)
    users, known, ahead = 20_000, 300.0, 365.0
    rate, leave = random.gamma(0.8, 1 / 40.0, users), random.beta(0.8, 2.5, users)
    scale = 15.0 / random.gamma(4.0, 1.0, users)
    joined = random.uniform(0, 250, users)
    first, last, days, spent, later = joined.copy(), joined.copy(), np.ones(users), np.zeros(users), np.zeros(users)
    now, is_alive = joined.copy(), random.random(users) >= 0
    spent += random.gamma(6.0, scale)
    while is_alive.any():
        now = np.where(is_alive, now + random.exponential(1 / rate), np.inf)
        is_alive &= now < known + ahead
        amount = random.gamma(6.0, scale)
        seen = is_alive & (now < known)
        days, spent, last = days + seen, spent + seen * amount, np.where(seen, now, last)
        later += np.where(is_alive & (now >= known), amount, 0.0)
        is_alive &= random.random(users) >= leave
    features = np.column_stack([days, known - first + 1, known - last + 1])
    model = fit_lifetime([PastBuyers(features, spent, np.zeros(users))], 30)
    history = visit_history(features)
    amount = 30 * model.process.expected(history, 30) / np.exp(model.process.log_any(history, 30))
    value = model.predict(features, spent, np.zeros(users), amount)[:, 1]
    assert value.sum() == pytest.approx(later.sum(), rel=0.1)
    best = np.argsort(-value)[:2000]
    assert later[best].sum() > 0.3 * later.sum()


def test_the_range_is_as_wide_as_past_totals_missed() -> None:
    users = visits(*[(float(1 + n % 5), 100.0 + n % 50, 10.0 + n % 50) for n in range(500)])
    spent = users[:, 0] * 20.0
    foretold = fit_lifetime([PastBuyers(users, spent, np.zeros(500))], 30)
    total = float(foretold.over([30], users, spent, np.zeros(500), np.full(500, 20.0)).sum())
    steady, wild = (
        fit_lifetime([PastBuyers(users, spent, np.full(500, total * factor / 500)) for factor in factors], 30)
        for factors in ([1.0] * 6, [0.3, 3.0] * 3)
    )
    assert steady.spread < wild.spread
    low, high = steady.around(100.0)
    assert low < 100 < high
    assert wild.around(100.0)[1] > high


def test_a_model_is_read_as_it_was_written() -> None:
    assert LifetimeModel.from_dict(MODEL.to_dict()) == MODEL
