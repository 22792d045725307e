"""A plan keeps its word: so many users find the effect in about 80 % of simulated experiments."""

import numpy as np
import pytest

from ml.experiments.planning import effect_found, users_needed
from ml.experiments.sequences import half_width


@pytest.mark.parametrize(("base", "effect", "control_share"), [(0.05, 0.02, 0.5), (0.2, -0.04, 0.1), (0.01, 0.01, 0.3)])
def test_so_many_users_find_the_effect_four_times_in_five(base: float, effect: float, control_share: float) -> None:
    users = users_needed(base, effect, control_share).users
    random = np.random.default_rng(0)
    control = round(users * control_share)
    treated = users - control
    rates = random.binomial(treated, base + effect, 4_000) / treated, random.binomial(control, base, 4_000) / control
    errors = np.sqrt(sum(rate * (1 - rate) / size for rate, size in zip(rates, (treated, control), strict=True)))
    found = np.abs(rates[0] - rates[1]) > half_width(errors, 1.0, 1.0)
    assert found.mean() == pytest.approx(0.8, abs=0.05)


def test_both_questions_have_the_same_answer() -> None:
    plan = users_needed(0.1, 0.03, 0.2, variants=2)
    assert effect_found(0.1, plan.users, 0.2, variants=2).effect == pytest.approx(0.03, rel=1e-3)


def test_weeks_end_with_the_last_window() -> None:
    users = users_needed(0.1, 0.03, 0.5).users
    assert users_needed(0.1, 0.03, 0.5, window_days=14, users_a_week=users).weeks == 3
    assert users_needed(0.1, 0.03, 0.5, window_days=14, users_a_week=users // 4).weeks == 6
    assert users_needed(0.1, 0.03, 0.5).weeks is None


def test_more_variants_and_smaller_control_groups_take_more_users() -> None:
    usual = users_needed(0.1, 0.03, 0.5).users
    assert users_needed(0.1, 0.03, 0.1).users > usual
    assert users_needed(0.1, 0.03, 0.5, variants=3).users > usual
    with pytest.raises(ValueError, match="between 0 and 1"):
        users_needed(0.99, 0.03, 0.5)
