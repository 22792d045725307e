"""Confidence sequences hold at all looks together: the promise, held to simulated experiments with known effects."""

import numpy as np
import pytest
from scipy.optimize import brentq

from benchmarks.effect_simulation import OUTCOMES, arriving, campaign
from ml.experiments.sequences import ALPHA, half_width, p_value


def test_the_width_is_that_of_the_paper() -> None:
    # Theorem 2.2 of arXiv 2103.06476, written out, with t = 500, s = 2, and rho for t* = 1,000, where t* rho^2 = x
    # solves x - log(x + 1) = -2 log(alpha).
    squared = brentq(lambda x: x - np.log(x + 1) + 2 * np.log(0.05), 1, 50) / 1000
    expected = 2 * np.sqrt(2 * (500 * squared + 1) / (500**2 * squared) * np.log(np.sqrt(500 * squared + 1) / 0.05))
    assert half_width(2 / np.sqrt(500), 500, 1000) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.3])
def test_it_is_tightest_where_it_was_planned(alpha: float) -> None:
    observed = np.geomspace(1, 10_000, 2001)
    assert observed[half_width(1.0, observed, 100, alpha).argmin()] == pytest.approx(100, rel=0.01)


def test_the_p_value_is_below_alpha_where_the_interval_excludes_zero() -> None:
    random = np.random.default_rng(0)
    estimate, observed = random.normal(0, 4, 500), random.uniform(1, 300, 500)
    excludes = np.abs(estimate) > half_width(1.0, observed, 100)
    assert 50 < excludes.sum() < 450
    assert np.array_equal(p_value(estimate, 1.0, observed, 100) < ALPHA, excludes)


def test_nothing_is_excluded_before_anything_was_observed() -> None:
    assert half_width(1.0, 0, 100) == np.inf


@pytest.mark.parametrize(("rate", "treated_share"), [(0.01, 0.5), (0.05, 0.5), (0.05, 0.9), (0.3, 0.9)])
def test_a_hundred_looks_find_no_effect_where_there_is_none(rate: float, treated_share: float) -> None:
    looks = arriving(experiments=2000, users=20_000, looks=100, rate=rate, treated_share=treated_share)
    assert looks.fixed_wrong_ever() > 0.2
    assert looks.wrong_ever() <= ALPHA


def test_a_hundred_looks_hold_the_true_effect() -> None:
    looks = arriving(experiments=2000, users=20_000, looks=100, rate=0.05, lift=0.2)
    assert looks.wrong_ever() <= ALPHA
    assert looks.found_ever() > 0.5
    assert looks.fixed_found_at_end() > looks.found_ever()


@pytest.mark.parametrize(("treated_share", "lift"), [(0.5, 0.0), (0.9, 0.0), (0.5, 0.5)])
def test_daily_looks_at_a_campaign_are_not_fooled(treated_share: float, lift: float) -> None:
    # Users differ, and those who buy a lot buy a lot every day: days of one user go together.
    found = campaign(experiments=100, users=3000, days=20, rate=0.01, treated_share=treated_share, lift=lift)
    for outcome in OUTCOMES:
        assert found[outcome].wrong_ever() <= ALPHA, outcome
        assert np.isfinite(found[outcome].widths).any(), outcome
        adjusted, plain = found[outcome].found.standard_error, found[outcome].found.plain_standard_error
        assert (adjusted**2 / plain**2)[:, -1].mean() < 0.98


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("users", "rate", "treated_share"), [(2000, 0.01, 0.5), (4000, 0.01, 0.9), (6000, 0.003, 0.8)])
def test_many_campaigns_are_not_fooled(users: int, rate: float, treated_share: float, seed: int) -> None:
    found = campaign(experiments=1000, users=users, days=30, rate=rate, treated_share=treated_share, seed=seed)
    for outcome in OUTCOMES:
        assert found[outcome].wrong_ever() <= ALPHA, outcome
