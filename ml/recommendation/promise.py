"""Whether a recommender kept what it promised: figures foretold by its test, beside those that came.

Belongs here: the comparison. Does not belong here: ranking and judging (`evaluation`), and storing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ml.recommendation.evaluation import BASELINES, FIGURES, RECIPE, Hits, mean_interval

LEAST_USERS = 100
"""With fewer buyers nothing is said."""
_TOLERANCE = 0.01


@dataclass(frozen=True)
class KeptFigure:
    """One figure of the first ten items: what its test had foretold, what came with its 95 % interval, and baselines.

    `foretold` is None where the version has no such figure.
    """

    foretold: float | None
    came: float
    low: float
    high: float
    baselines: Mapping[str, float]

    @property
    def is_kept(self) -> bool:
        """Whether what came may be what was foretold, or is better; a hundredth is forgiven."""
        return self.foretold is None or self.high >= self.foretold - _TOLERANCE


@dataclass(frozen=True)
class Promise:
    """Of the users who bought within the horizon: how well what they bought had been ranked."""

    users: int
    figures: Mapping[str, KeptFigure]

    @property
    def is_early(self) -> bool:
        """Too few users bought."""
        return self.users < LEAST_USERS

    @property
    def is_kept(self) -> bool:
        """False where a figure is surely below what was foretold."""
        return self.is_early or all(figure.is_kept for figure in self.figures.values())


def kept_promise(hits: Mapping[str, Hits], metrics: Mapping[str, float]) -> Promise:
    """What came of a version (RECIPE) and of the baselines on the same users, beside the metrics of its test."""
    users = len(hits[RECIPE].users)
    figures = {}
    for name in FIGURES if users else ():
        came = mean_interval(getattr(hits[RECIPE], name))
        figures[name] = KeptFigure(
            foretold=metrics.get(f"{RECIPE}_{name}_at_10"),
            came=came.estimate,
            low=came.low,
            high=came.high,
            baselines={baseline: hits[baseline].mean()[name] for baseline in BASELINES},
        )
    return Promise(users, figures)
