"""A rate by bins of one feature: the recency rule, and the rate of silence among users already inactive."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit, logit

from ml.propensity.matrix import Floats, Matrix

_PSEUDO_ROWS = 10.0
"""Every bin starts with this many rows at the overall rate, so that a bin of one user claims little."""


@dataclass(frozen=True)
class RateTable:
    """Log-odds by bin of the feature in column `column`; bin i holds values in [edges[i-1], edges[i])."""

    column: int
    edges: tuple[float, ...]
    bin_log_odds: tuple[float, ...]
    missing_log_odds: float
    base_log_odds: float

    name = "rule"

    def log_odds(self, matrix: Matrix) -> Floats:
        """Log-odds of every row."""
        values = matrix[:, self.column].astype(np.float64)
        found = np.asarray(self.bin_log_odds)[np.searchsorted(self.edges, values, side="right").clip(max=self._last)]
        return np.where(np.isnan(values), self.missing_log_odds, found)

    def contributions(self, matrix: Matrix) -> Floats:
        """All of the distance from the overall rate belongs to the one feature; the last column is the bias."""
        result = np.zeros((len(matrix), matrix.shape[1] + 1))
        result[:, self.column] = self.log_odds(matrix) - self.base_log_odds
        result[:, -1] = self.base_log_odds
        return result

    @property
    def _last(self) -> int:
        return len(self.bin_log_odds) - 1

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            column=int(data["column"]),
            edges=tuple(map(float, data["edges"])),
            bin_log_odds=tuple(map(float, data["bin_log_odds"])),
            missing_log_odds=float(data["missing_log_odds"]),
            base_log_odds=float(data["base_log_odds"]),
        )


def fit_rate_table(matrix: Matrix, column: int, labels: Floats, bins: int = 20) -> RateTable:
    """Rates in bins of equal size, monotone in the feature in whichever direction the rows lean.

    Answers for any input: no rows give a coin flip, one class gives a rate close to it. Half a positive in one more row
    is spread over all rows, so that their mean is the overall rate, also where nobody has come out positive yet.
    """
    base = (labels.sum() + 0.5) / (len(labels) + 1.0)
    labels = (labels * len(labels) + 0.5) / (len(labels) + 1.0)
    values = matrix[:, column].astype(np.float64)
    present = ~np.isnan(values)
    missing = _shrunken(labels[~present].sum(), float((~present).sum()), base)
    if not present.any():
        return RateTable(column, (), (float(logit(base)),), float(logit(missing)), float(logit(base)))
    edges = np.unique(np.quantile(values[present], np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, values[present], side="right")
    rows = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    hits = np.bincount(place, weights=labels[present], minlength=len(edges) + 1)
    rates = _monotone(_shrunken(hits, rows, base), rows + _PSEUDO_ROWS)
    return RateTable(
        column=column,
        edges=tuple(edges.tolist()),
        bin_log_odds=tuple(np.asarray(logit(rates)).tolist()),
        missing_log_odds=float(logit(missing)),
        base_log_odds=float(logit(base)),
    )


def rate_of(table: RateTable, matrix: Matrix) -> Floats:
    """The table's probability for every row."""
    return np.asarray(expit(table.log_odds(matrix)), np.float64)


def _shrunken(hits: Any, rows: Any, base: float) -> Any:
    return (hits + _PSEUDO_ROWS * base) / (rows + _PSEUDO_ROWS)


def _monotone(rates: Floats, weights: Floats) -> Floats:
    """Pool adjacent violators, in the direction that the weighted correlation with the bin number has."""
    position = np.arange(len(rates), dtype=np.float64)
    centred = position - np.average(position, weights=weights)
    sign = 1.0 if np.sum(weights * centred * rates) >= 0 else -1.0
    pools: list[tuple[float, float, int]] = []
    for rate, weight in zip((sign * rates).tolist(), weights.tolist(), strict=True):
        pool = (rate, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            before = pools.pop()
            total = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / total, total, before[2] + pool[2])
        pools.append(pool)
    return sign * np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools])
