"""Off-policy estimates: right on average whatever the model, with intervals that hold, paired where they compare."""

import numpy as np
import pytest

from ml.policies.value import Log, advantage, doubly_robust, effective_rows, self_normalised


def logged(seed: int, rows: int = 400, *, model_is_good: bool) -> tuple[Log, np.ndarray, float]:
    """A log of two actions with known rewards, a policy, and the policy's true value."""
    random = np.random.default_rng(seed)
    context = random.random(rows)
    chance = 0.2 + 0.5 * context
    action = (random.random(rows) < chance).astype(int)
    means = np.stack([context, 1 - context], axis=1)
    reward = means[np.arange(rows), action] + random.normal(0, 0.3, rows)
    policy = np.zeros((rows, 2))
    policy[np.arange(rows), (context < 0.5).astype(int)] = 1.0
    expected = means if model_is_good else np.full((rows, 2), 5.0)
    propensity = np.where(action == 1, chance, 1 - chance)
    users = np.array([f"user {row}" for row in range(rows)])
    # The better action of each context brings on average 3/4.
    return Log(users, action, propensity, reward, expected), policy, 0.75


@pytest.mark.parametrize("model_is_good", [True, False])
def test_intervals_hold_the_truth_about_as_often_as_they_say(model_is_good: bool) -> None:
    inside, values = {"robust": 0, "weighted": 0}, []
    for seed in range(300):
        log, policy, truth = logged(seed, model_is_good=model_is_good)
        robust, weighted = doubly_robust(log, policy), self_normalised(log, policy)
        inside["robust"] += robust.low < truth < robust.high
        inside["weighted"] += weighted.low < truth < weighted.high
        values.append(robust.value)
    assert 0.92 < inside["robust"] / 300 < 0.98
    assert 0.92 < inside["weighted"] / 300 < 0.98
    assert np.mean(values) == pytest.approx(0.75, abs=0.1)


def test_a_good_model_makes_the_estimate_surer() -> None:
    good, policy, _ = logged(1, model_is_good=True)
    bad, _, _ = logged(1, model_is_good=False)
    assert doubly_robust(good, policy).standard_error < doubly_robust(bad, policy).standard_error / 2


def test_a_policy_has_no_advantage_over_itself_and_the_opposite_of_the_other_way() -> None:
    log, policy, _ = logged(2, model_is_good=True)
    assert advantage(log, policy, policy).value == 0
    assert advantage(log, policy, policy).standard_error == 0
    assert advantage(log, policy, 1 - policy).value == pytest.approx(-advantage(log, 1 - policy, policy).value)
    assert advantage(log, policy, 1 - policy).value == pytest.approx(0.5, abs=0.1)


def test_rows_of_one_user_are_no_new_evidence() -> None:
    log, policy, _ = logged(3, model_is_good=True)
    twice = Log(*(np.concatenate([part, part]) for part in vars(log).values()))
    once = doubly_robust(log, policy)
    assert doubly_robust(twice, np.concatenate([policy, policy])).standard_error == pytest.approx(once.standard_error)


def test_rows_on_which_a_policy_would_have_done_something_else_say_nothing() -> None:
    log, policy, _ = logged(4, model_is_good=True)
    assert effective_rows(log, policy) < (policy[np.arange(400), log.action] == 1).sum() <= 400
    only_others = 1.0 - np.eye(2)[log.action]
    assert effective_rows(log, only_others) == 0
    assert np.isinf(self_normalised(log, only_others).standard_error)
