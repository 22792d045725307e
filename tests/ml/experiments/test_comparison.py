"""Differences of arms: right without covariates, unbiased and narrower with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from ml.experiments.comparison import ArmSums, Floats, carriers, difference


def users(count: int, shift: float = 0.0, effect: float = 0.0, seed: int = 0) -> Floats:
    """Rows of outcome and two covariates that explain nine tenths of its variance."""
    random = np.random.default_rng(seed)
    covariates = random.normal(shift, 1, (count, 2))
    outcome = covariates @ [3.0, 0.0] + random.normal(effect, 1, count)
    return np.column_stack([outcome, covariates])


def test_without_covariates_it_is_welchs_test() -> None:
    treated, control = users(200, effect=0.5)[:, :1], users(50, seed=1)[:, :1]
    found = difference(ArmSums.of(treated), ArmSums.of(control))
    expected = ttest_ind(treated[:, 0], control[:, 0], equal_var=False)
    assert found.estimate / found.standard_error == pytest.approx(expected.statistic)
    assert found.standard_error == found.plain_standard_error


def test_covariates_take_away_the_luck_of_the_draw() -> None:
    # The treated happen to be users who did more before; that is no effect.
    treated, control = ArmSums.of(users(4000, shift=0.2, effect=0.5)), ArmSums.of(users(1000, seed=1))
    found = difference(treated, control)
    assert treated.means[0] - control.means[0] == pytest.approx(1.1, abs=0.15)
    assert found.estimate == pytest.approx(0.5, abs=0.08)
    assert (found.standard_error / found.plain_standard_error) ** 2 == pytest.approx(0.1, abs=0.02)


def test_a_covariate_that_says_nothing_changes_nothing() -> None:
    treated, control = users(300), users(300, seed=1)
    plain = difference(ArmSums.of(treated[:, :1]), ArmSums.of(control[:, :1]))
    for value in (0.0, 7.0):
        added = [np.column_stack([each[:, 0], np.full(len(each), value)]) for each in (treated, control)]
        found = difference(*map(ArmSums.of, added))
        assert found.estimate == pytest.approx(plain.estimate)
        assert found.standard_error == pytest.approx(plain.standard_error)


def test_a_covariate_twice_is_a_covariate_once() -> None:
    once = [users(300)[:, :2], users(300, seed=1)[:, :2]]
    twice = [np.column_stack([each, each[:, 1]]) for each in once]
    found, expected = difference(*map(ArmSums.of, twice)), difference(*map(ArmSums.of, once))
    assert found.estimate == pytest.approx(expected.estimate)
    assert found.standard_error == pytest.approx(expected.standard_error)


@given(st.floats(0.001, 1000), st.floats(-50, 50))
def test_units_do_not_matter(unit: float, offset: float) -> None:
    treated, control = users(100), users(60, seed=1)
    expected = difference(ArmSums.of(treated), ArmSums.of(control))
    measured = [each * [1, unit, 1] + [0, offset, 0] for each in (treated, control)]
    found = difference(*map(ArmSums.of, measured))
    assert found.estimate == pytest.approx(expected.estimate, rel=1e-4, abs=1e-6)
    assert found.standard_error == pytest.approx(expected.standard_error, rel=1e-4)


def test_many_comparisons_at_once_are_each_as_alone() -> None:
    treated, control = (
        np.stack([users(50, seed=seed) for seed in (1, 2)]),
        np.stack([users(40, seed=seed) for seed in (3, 4)]),
    )
    found = difference(ArmSums.of(treated), ArmSums.of(control))
    for place in range(2):
        alone = difference(ArmSums.of(treated[place]), ArmSums.of(control[place]))
        assert found.estimate[place] == pytest.approx(alone.estimate)
        assert found.standard_error[place] == pytest.approx(alone.standard_error)


def test_nothing_is_said_of_arms_without_users() -> None:
    empty = ArmSums(np.array(0.0), np.zeros(3), np.zeros((3, 3)))
    found = difference(empty, ArmSums.of(users(50)))
    assert np.isnan(found.estimate)
    assert np.isnan(found.standard_error)
    assert carriers(empty, ArmSums.of(users(50))) == 0


def test_carriers_are_the_buyers_of_the_smaller_arm() -> None:
    treated, control = np.zeros((900, 1)), np.zeros((100, 1))
    treated[:90], control[:10] = 1, 1
    assert carriers(ArmSums.of(treated), ArmSums.of(control)) == pytest.approx(10)
    # One user who buys as much as everybody together weighs more than they do.
    treated[0] = 100
    assert carriers(ArmSums.of(treated), ArmSums.of(control)) < 0.5
