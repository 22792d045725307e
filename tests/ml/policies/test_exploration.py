"""A ledger that a policy wrote: with a share left to chance, it still says what another policy would bring."""

import numpy as np

from ml.policies.value import Log, doubly_robust, effective_rows, self_normalised
from ml.propensity.matrix import Floats

_BUDGET, _EXPLORATION, _CONTROL = 0.2, 0.1, 0.1
_ROWS = 20_000


def ledger(exploration: float, seed: int) -> tuple[Log, Floats]:
    """Users whose effect grows with `x`, contacted by a policy that chooses the lowest `x`; and the opposite policy."""
    random = np.random.default_rng(seed)
    x = random.random(_ROWS)
    is_chosen = x < _BUDGET
    chance = (1 - _CONTROL) * (exploration * _BUDGET + (1 - exploration) * is_chosen)
    action = (random.random(_ROWS) < chance).astype(np.int64)
    reward = (random.random(_ROWS) < 0.1 + 0.4 * x * action).astype(np.float64)
    propensity = np.where(action == 1, chance, 1 - chance)
    expected = np.full((_ROWS, 2), 0.1)
    opposite = (x > 1 - _BUDGET).astype(np.float64)
    log = Log(np.arange(_ROWS).astype(str), action, propensity, reward, expected)
    return log, np.stack([1 - opposite, opposite], axis=1)


def test_the_opposite_of_the_policy_in_use_is_valued_from_its_ledger() -> None:
    truth = 0.1 + 0.4 * _BUDGET * (1 - _BUDGET / 2)
    held = [0, 0]
    for seed in range(40):
        log, opposite = ledger(_EXPLORATION, seed)
        for number, estimate in enumerate((doubly_robust(log, opposite), self_normalised(log, opposite))):
            held[number] += estimate.low < truth < estimate.high
        assert log.propensity.min() >= (1 - _CONTROL) * _EXPLORATION * _BUDGET - 1e-12
        assert effective_rows(log, opposite) > 100
    assert min(held) >= 34


def test_without_a_share_for_chance_it_cannot_be_valued() -> None:
    log, opposite = ledger(0.0, 1)
    chosen_by_opposite = log.importance(opposite)[opposite[:, 1] == 1]
    assert not chosen_by_opposite.any()
    assert doubly_robust(log, opposite).high < 0.1 + 0.4 * _BUDGET * (1 - _BUDGET / 2)
