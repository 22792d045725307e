"""Decisions of a made-up shop, whose effects are known."""

import numpy as np

from ml.policies.decisions import Decisions

DAY = np.datetime64("2024-01-01")


def made_up(
    rows: int, *, effect: float, seed: int = 0, days: int = 8, propensity: float = 0.5, actions: int = 2
) -> Decisions:
    """A decision a week for each user. Action 1 helps those with a high first feature, and harms as many others."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 3)).astype(np.float32)
    shares = [1 - propensity, *[propensity / (actions - 1)] * (actions - 1)]
    action = random.choice(actions, size=rows, p=shares)
    chance = 0.3 + true_effect(matrix, effect) * (action == 1)
    return Decisions(
        actions=("none", "short", "long")[:actions],
        user=np.array([f"user {row % (rows // days)}" for row in range(rows)]),
        day=DAY + 7 * (np.arange(rows) // (rows // days)),
        action=action,
        propensity=np.array(shares)[action],
        outcome=(random.random(rows) < chance).astype(float),
        value=np.full(rows, 10.0),
        matrix=matrix,
        features=("a", "b", "c"),
    )


def true_effect(matrix: np.ndarray, effect: float) -> np.ndarray:
    """What action 1 adds to the probability of a purchase."""
    return np.where(matrix[:, 0] > 0, effect, -effect)
