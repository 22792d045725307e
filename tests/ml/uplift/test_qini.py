"""The Qini coefficient, by hand and beside the formula of scikit-uplift on ties and arms of any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.uplift.qini import qini, qini_curve, uplift_area


def test_the_curve_is_that_of_radcliffe() -> None:
    # Treated: ranks 1, 3; control: ranks 2, 4. Outcomes: the first treated and the last control user.
    users, curve = qini_curve([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0])
    assert users.tolist() == [0, 1, 2, 3, 4]
    assert curve.tolist() == [0, 1, 1, 1, 0]
    # That order is the best one there is.
    assert qini([1, 0, 0, 1], [4, 3, 2, 1], [1, 0, 1, 0]) == pytest.approx(1.0)


def test_users_with_the_same_prediction_are_one_point_of_the_curve() -> None:
    users, _ = qini_curve([1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 1, 0])
    assert users.tolist() == [0, 2, 4]
    assert qini([1, 0, 0, 1], [1, 1, 1, 1], [1, 0, 1, 0]) == pytest.approx(0.0)


@given(st.integers(0, 10_000))
def test_a_random_order_is_about_nothing_and_the_reverse_is_not_better_than_the_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    treated, effect = random.integers(0, 2, 400), random.random(400)
    treated[:2] = 0, 1
    outcome = (random.random(400) < 0.2 + 0.5 * effect * treated).astype(float)
    found, reverse = qini(outcome, effect, treated), qini(outcome, -effect, treated)
    assert found > reverse
    assert abs(qini(outcome, random.random(400), treated)) < 0.5
    assert uplift_area(outcome, effect, treated) > uplift_area(outcome, -effect, treated)


def test_weights_make_up_for_unequal_chances() -> None:
    random = np.random.default_rng(1)
    chance = np.where(random.random(20_000) < 0.5, 0.2, 0.8)
    treated = (random.random(20_000) < chance).astype(float)
    # Whoever is likelier to be treated buys more anyway; the effect is the same for everybody.
    outcome = (random.random(20_000) < 0.1 + 0.3 * (chance > 0.5) + 0.1 * treated).astype(float)
    weights = 1 / np.where(treated > 0, chance, 1 - chance)
    _, plain = qini_curve(outcome, np.ones(20_000), treated)
    _, weighted = qini_curve(outcome, np.ones(20_000), treated, weights)
    assert plain[-1] / treated.sum() > 0.2
    assert weighted[-1] / (weights * treated).sum() == pytest.approx(0.1, abs=0.02)


def test_nothing_is_said_of_one_arm_or_without_outcomes() -> None:
    assert np.isnan(qini([1, 0], [1, 2], [1, 1]))
    assert np.isnan(qini([0, 0], [1, 2], [1, 0]))
