"""A champion's level against a fresh one of the same ranking.

Belongs here: whether the newest outcomes speak clearly enough for another level. Does not belong here: learning it
(`ml.propensity.fresh_level`).
"""

import numpy as np

from ml.evaluation import log_losses
from ml.gate.terms import GateDecision
from ml.gate.words import said
from ml.propensity.fresh_level import FreshLevel, NewestOutcomes, expected, shifts

_LEAST_SHIFT = 0.1
"""Log-odds below which a level is left as it is: 18.0 % become 19.5 %."""
_ERRORS = 2.33
"""Standard errors by which the log loss must fall: 99 %, one-sided, as for a challenger."""
_ROWS = 500
_OF_EACH_OUTCOME = 50


def decide_level(fresh: FreshLevel, *, seed: int = 0) -> GateDecision:
    """Whether a model with a fresh level may take the place of the one with the old level.

    The ranking is the same, so only the probabilities are judged, on the users of the newest cutoff. Each half of them
    is answered with the level that the other half taught, and so by one that has not seen its outcomes.
    """
    newest = fresh.newest
    came, users = float(newest.label.sum()), len(newest.label)
    before, after = expected(newest).sum(), expected(newest, fresh.shift).sum()
    gain, error = _gain(newest, seed)
    checks = {
        "rows": float(users),
        "came": came,
        "foretold": float(before),
        "foretold_afterwards": float(after),
        "shift": fresh.shift,
        "money_factor": fresh.money,
        "log_loss_gain": gain,
        "log_loss_gain_error": error,
    }
    told = {"foretold": before, "came": came, "users": users}
    if users < _ROWS or min(came, users - came) < _OF_EACH_OUTCOME:
        return GateDecision(False, said("level_few", **told), checks)
    if abs(fresh.shift) < _LEAST_SHIFT:
        return GateDecision(False, said("level_holds", **told), checks)
    if gain < _ERRORS * error:
        return GateDecision(False, said("level_chance", **told), checks)
    return GateDecision(True, said("level_fresh", **told, after=after, shift=fresh.shift), checks)


def _gain(newest: NewestOutcomes, seed: int) -> tuple[float, float]:
    """The fall in log loss for each user, and its standard error, with the level of the half the user is not in."""
    half = np.random.default_rng(seed).permutation(len(newest.label)) % 2 == 0
    gains = np.zeros(len(newest.label))
    for inside in (half, ~half):
        if not inside.any() or inside.all():
            continue
        (shift,) = shifts([NewestOutcomes(newest.log_odds[~inside], newest.label[~inside])])
        held = NewestOutcomes(newest.log_odds[inside], newest.label[inside])
        gains[inside] = log_losses(held.label, expected(held)) - log_losses(held.label, expected(held, shift))
    return float(gains.mean()), float(gains.std() / np.sqrt(max(len(gains), 1)))
