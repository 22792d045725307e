"""Figures of scored rows under weights, and their spread over resamples of users.

Belongs here: exact weighted figures at the price of one pass over rows sorted once, so that hundreds of resamples take
seconds. Does not belong here: which rows are compared (`ml.backtest_report`), unweighted figures (`ml.evaluation`).

A resample draws users with replacement, and a user brings all their rows: rows of one user are not independent, and
an interval that drew rows would be too narrow. A row then weighs as often as its user was drawn, and every figure
here equals that of `ml.evaluation` on the rows repeated so often.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml.evaluation import Floats, log_losses, reliability_bins

Key = TypeVar("Key", bound=Hashable)
Positions = NDArray[np.intp]
Counts = NDArray[np.int32]

RANKING_FIGURES = ("auc", "average_precision", "lift_at_10")
PROBABILITY_FIGURES = (
    "brier",
    "log_loss",
    "calibration_error",
    "observed_over_expected",
    "top_decile_observed_over_expected",
)
FIGURES = (*RANKING_FIGURES, *PROBABILITY_FIGURES)

_TOP_SHARE = 0.1


def draw_counts(users: int, draws: int, seed: int = 0) -> Iterator[Counts]:
    """For each draw, how often each of `users` was drawn; the counts add up to `users`."""
    random = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.bincount(random.integers(0, users, users), minlength=users).astype(np.int32)


@dataclass(frozen=True, eq=False)
class RankedRows:
    """Rows in ascending order of one score, with all that does not change from one resample to the next.

    `positives` are the places of the positive rows; `tie_first` and `tie_end` bound the rows that share a positive's
    score, `positive_first` and `positive_end` the positives among them. `errors` (squared) and `losses` (nats) are None
    for scores that only rank.
    """

    user: Positions
    labels: Floats
    scores: Floats
    positives: Positions
    tie_first: Positions
    tie_end: Positions
    positive_first: Positions
    positive_end: Positions
    errors: Floats | None
    losses: Floats | None
    bins: int

    @classmethod
    def of(cls, labels: Floats, scores: Floats, user: Positions, *, is_probability: bool = True) -> "RankedRows":
        """Sort rows once. `user` numbers the users from 0; `labels` are 0 or 1."""
        order = np.argsort(scores, kind="stable")
        ranked, label = scores[order], labels[order]
        positives = np.flatnonzero(label)
        found = ranked[positives]
        return cls(
            user=user[order],
            labels=label,
            scores=ranked,
            positives=positives,
            tie_first=np.searchsorted(ranked, found, side="left"),
            tie_end=np.searchsorted(ranked, found, side="right"),
            positive_first=np.searchsorted(found, found, side="left"),
            positive_end=np.searchsorted(found, found, side="right"),
            errors=(ranked - label) ** 2 if is_probability else None,
            losses=log_losses(label, ranked) if is_probability else None,
            bins=reliability_bins(len(labels)),
        )

    def figures(self, counts: Counts) -> dict[str, float]:
        """Every figure with each row weighing as its user's count; NaN where it is undefined."""
        weight = counts[self.user]
        below, hits_below = _running_sum(weight), _running_sum(weight[self.positives])
        total, hits = int(below[-1]), int(hits_below[-1])
        if total == 0:
            return dict.fromkeys(RANKING_FIGURES if self.losses is None else FIGURES, np.nan)
        top = max(1, round(_TOP_SHARE * total))
        first, end = self._tied_at(below, total - top)
        top_hits = self._top_hits(below, hits_below, first, end, top)
        found = self._ranking(weight[self.positives], below, hits_below)
        found["lift_at_10"] = _quotient(top_hits / top, hits / total)
        if self.errors is None or self.losses is None:
            return found
        weights = weight.astype(np.float64)
        expected = weights * self.scores
        tied = top - (total - int(below[end]))
        return found | {
            "brier": float(weights @ self.errors) / total,
            "log_loss": float(weights @ self.losses) / total,
            "calibration_error": self._calibration_error(below, hits_below, expected),
            "observed_over_expected": _quotient(hits, float(expected.sum())),
            "top_decile_observed_over_expected": _quotient(
                top_hits, float(expected[end:].sum() + tied * self.scores[first])
            ),
        }

    def _ranking(self, weight: Counts, below: Positions, hits_below: Positions) -> dict[str, float]:
        """AUC with ties counted half, and average precision with ties taken together."""
        total, hits = int(below[-1]), int(hits_below[-1])
        all_before, hits_before = below[self.tie_first], hits_below[self.positive_first]
        misses_before = all_before - hits_before
        misses_tied = below[self.tie_end] - hits_below[self.positive_end] - misses_before
        precision = np.divide(hits - hits_before, total - all_before, out=np.zeros(len(weight)), where=weight > 0)
        return {
            "auc": _quotient(float((weight * (2 * misses_before + misses_tied)).sum()), 2.0 * hits * (total - hits)),
            "average_precision": _quotient(float((weight * precision).sum()), hits),
        }

    def _tied_at(self, below: Positions, rest: int) -> tuple[int, int]:
        """First and end of the rows that share the score of the last row taken, when all but `rest` are taken."""
        last = int(np.searchsorted(below, rest, side="right")) - 1
        score = self.scores[last]
        return int(np.searchsorted(self.scores, score)), int(np.searchsorted(self.scores, score, side="right"))

    def _top_hits(self, below: Positions, hits_below: Positions, first: int, end: int, top: int) -> float:
        """Positives among the `top`; rows tied with the last one taken share what is left."""
        hits_first, hits_end = hits_below[np.searchsorted(self.positives, [first, end])]
        share = (top - (below[-1] - below[end])) / (below[end] - below[first])
        return float(hits_below[-1] - hits_end + share * (hits_end - hits_first))

    def _calibration_error(self, below: Positions, hits_below: Positions, expected: Floats) -> float:
        """Bins of equal weight; a row that lies on an edge is divided between both."""
        total = int(below[-1])
        size, larger = divmod(total, self.bins)
        edges = np.arange(self.bins + 1) * size + np.minimum(np.arange(self.bins + 1), larger)
        row = np.clip(np.searchsorted(below, edges, side="right") - 1, 0, len(self.scores) - 1)
        part = edges - below[row]
        between = np.where(np.diff(row) > 0, np.add.reduceat(expected, row)[:-1], 0.0)
        hits = hits_below[np.searchsorted(self.positives, row)] + part * self.labels[row]
        gaps = between + np.diff(part * self.scores[row]) - np.diff(hits)
        return float(np.abs(gaps).sum() / total)


def resampled(
    rows: Mapping[Key, RankedRows], users: int, *, draws: int = 500, seed: int = 0
) -> dict[Key, dict[str, Floats]]:
    """The figures of each set of rows in every draw: `{name: {figure: one value a draw}}`.

    All sets see the same draws, so differences between them, taken draw by draw, are paired.
    """
    found: dict[Key, list[dict[str, float]]] = {name: [] for name in rows}
    # One thread: for vectors this short more would only wait for each other.
    with threadpool_limits(limits=1):
        for counts in draw_counts(users, draws, seed):
            for name, ranked in rows.items():
                found[name].append(ranked.figures(counts))
    return {
        name: {figure: np.array([draw[figure] for draw in drawn]) for figure in drawn[0]}
        for name, drawn in found.items()
    }


def _running_sum(values: Counts) -> Positions:
    """Sums of the first 0, 1, 2, ... values."""
    sums = np.zeros(len(values) + 1, np.intp)
    np.cumsum(values, out=sums[1:])
    return sums


def _quotient(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor > 0 else np.nan
