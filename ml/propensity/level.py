"""How sure the level of the answers is: by how much all probabilities may be too low or too high together.

Belongs here: that range, and why it is as wide as it is. Does not belong here: the level itself
(`ml.propensity.stacking`).
"""

from dataclasses import dataclass
from math import hypot

import numpy as np
from scipy.special import expit

from ml.propensity.matrix import Floats

YEAR_DAYS = 395
"""Days of events with which the same weeks of the last year have been seen: a year, and a month in which users became
known before them. The first weeks of a data set are no season, since everyone in them seems new."""
INTERVAL = 0.8
"""How often the share that comes true lies within the range."""

_REACH = 1.2816
"""Standard deviations on both sides that hold INTERVAL of a normal distribution."""
_UNSEEN_SEASON = 0.45
"""By how much a season that was never seen moves the level, in log-odds. Online Retail II, August 2010 to January 2011:
without a year before it the level of purchase and churn was missed by .5 (root mean square), afterwards by .2."""


@dataclass(frozen=True)
class LevelRange:
    """`spread` is by how much the levels of past cutoffs missed what those before them foretold, in log-odds.

    `history_days` is how long events had been known at the first day that the model answers about.
    """

    spread: float
    history_days: int

    @property
    def has_year(self) -> bool:
        """Whether each season has been seen before."""
        return self.history_days >= YEAR_DAYS

    def around(self, log_odds: Floats) -> tuple[Floats, Floats]:
        """The lower and the upper end of each probability."""
        reach = _REACH * (self.spread if self.has_year else hypot(self.spread, _UNSEEN_SEASON))
        return np.asarray(expit(log_odds - reach), np.float64), np.asarray(expit(log_odds + reach), np.float64)

    @property
    def note(self) -> str:
        """Why the range is as wide as it is."""
        missed = f"past levels missed by {self.spread:.2f} log-odds"
        if self.has_year:
            return f"{INTERVAL:.0%} interval of the level: {missed}"
        return (
            f"{INTERVAL:.0%} interval of the level, wider because {self.history_days} days of events do not hold the "
            f"same weeks of a year before: {missed}"
        )
