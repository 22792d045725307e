"""Which rung to stand on: the recency rule, a logistic regression, or the ensemble, by out-of-time evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ml.evaluation import log_losses
from ml.propensity.matrix import Floats

RUNGS = ("rule", "logistic", "ensemble")

_STEP_ERRORS = {"logistic": 1.0, "ensemble": 0.0}
"""Standard errors by which a rung must beat the best one below it. Leaving the rule is a leap, so it takes proof;
the ensemble holds the regression as a member and cannot fall far behind it."""


@dataclass(frozen=True)
class RungChoice:
    """The rung, why in words, and each rung's log loss on the calibration cutoff (cross-fitted)."""

    rung: str
    reason: str
    losses: dict[str, float]


def choose_rung(log_odds: Mapping[str, Floats], labels: Floats) -> RungChoice:
    """Climb as long as the next rung's log loss is lower by more than noise.

    `log_odds` has the rungs that could be fitted, the rule always among them; all on the same rows.
    """
    losses = {rung: log_losses(labels, _probability(log_odds[rung])) for rung in RUNGS if rung in log_odds}
    best = "rule"
    for rung in RUNGS[1:]:
        if rung not in losses:
            continue
        gain = losses[best] - losses[rung]
        error = float(gain.std() / np.sqrt(len(gain)))
        if gain.mean() > _STEP_ERRORS[rung] * error:
            best = rung
    means = {rung: float(values.mean()) for rung, values in losses.items()}
    shown = ", ".join(f"{rung} {value:.4f}" for rung, value in means.items())
    if len(means) == 1:
        reason = "only the recency rule could be fitted: the train cutoffs hold too few users of each outcome"
    else:
        reason = f"log loss on the calibration cutoff: {shown}; a rung must beat the one below by more than noise"
    return RungChoice(best, reason, means)


def _probability(log_odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -40, 40))), np.float64)
