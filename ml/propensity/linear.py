"""Logistic regression on a fixed transform of the features: the transform is fitted once, saved, never refitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ml.propensity.matrix import Floats, Matrix

_LONG_TAIL = 3.0
"""Non-negative features that reach beyond this are counts, amounts or days: their logarithm is used."""

_BLOCK_ROWS = 32_768
_MAX_STEPS = 30


@dataclass(frozen=True, eq=False)
class LinearMember:
    """Per feature: clip to [low, high], perhaps log1p, standardise; a missing value has a coefficient of its own."""

    is_log: Floats
    low: Floats
    high: Floats
    mean: Floats
    scale: Floats
    missing_share: Floats
    coefficient: Floats
    missing_coefficient: Floats
    intercept: float
    name: str = "logistic"

    def log_odds(self, matrix: Matrix) -> Floats:
        """Log-odds of every row."""
        return np.asarray(self.contributions(matrix).sum(axis=1))

    def contributions(self, matrix: Matrix) -> Floats:
        """What each feature adds to the log-odds; the last column is the intercept."""
        values, missing = _transform(matrix, self.is_log, self.low, self.high, self.mean, self.scale)
        result = np.empty((len(matrix), matrix.shape[1] + 1))
        absent = (1 - self.missing_share) * self.missing_coefficient
        present = -self.missing_share * self.missing_coefficient
        np.multiply(values, self.coefficient, out=result[:, :-1])
        result[:, :-1] += np.where(missing, absent, present)
        result[:, -1] = self.intercept
        return result

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in vars(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        arrays = {key: np.asarray(value, np.float64) for key, value in data.items() if isinstance(value, list)}
        return cls(**arrays, intercept=float(data["intercept"]), name=str(data["name"]))


def fit_linear(matrix: Matrix, labels: Floats, weights: Floats | None = None, *, l2: float) -> LinearMember:
    """Fit transform and coefficients on training rows; `labels` must hold both classes.

    `l2` is the penalty on a standardised coefficient, in rows. A constant or empty feature gets coefficient 0.
    The transform describes the rows as they come; `weights` (1 unless given) count in the fit alone.
    """
    columns = matrix.shape[1]
    low, high, mean, scale = np.zeros(columns), np.zeros(columns), np.zeros(columns), np.ones(columns)
    is_log = np.zeros(columns)
    present = ~np.isnan(matrix)
    for column in np.flatnonzero(present.any(axis=0)):
        values = matrix[present[:, column], column].astype(np.float64)
        # Percentiles of counts are often 0 where the tail matters: clip only the far tail.
        low[column], high[column] = np.quantile(values, [0.001, 0.999])
        is_log[column] = float(low[column] >= 0 and high[column] > _LONG_TAIL)
    values, missing = _transform(matrix, is_log, low, high, mean, scale)
    counts = np.maximum(present.sum(axis=0), 1)
    mean = values.sum(axis=0) / counts
    variance = np.maximum((values**2).sum(axis=0) / counts - mean**2, 0)
    scale = np.where(variance > 1e-8, np.sqrt(variance), np.inf)
    missing_share = missing.mean(axis=0)
    used_missing = (missing_share > 0) & (missing_share < 1)

    live = np.isfinite(scale)
    standard = np.where(missing, 0.0, (values - mean) / scale)[:, live]
    inputs = np.hstack([standard, (missing - missing_share)[:, used_missing]])
    counted = np.ones(len(labels)) if weights is None else weights
    found, intercept = _newton(inputs, labels, counted, l2)
    coefficient, missing_coefficient = np.zeros(columns), np.zeros(columns)
    coefficient[live], missing_coefficient[used_missing] = found[: live.sum()], found[live.sum() :]
    return LinearMember(
        is_log=is_log,
        low=low,
        high=high,
        mean=mean,
        scale=np.where(live, scale, 1.0).astype(np.float64),
        missing_share=missing_share,
        coefficient=coefficient,
        missing_coefficient=missing_coefficient,
        intercept=intercept,
    )


def _newton(inputs: Floats, labels: Floats, weights: Floats, l2: float) -> tuple[Floats, float]:
    """Ridge logistic regression; the intercept is free. Convex, so few damped Newton steps reach the optimum.

    Works through blocks of rows, because the weighted inputs would double the memory of a large shop.
    """
    columns = inputs.shape[1]
    penalty = np.concatenate([np.full(columns, l2), [1e-6]])
    solution = np.concatenate([np.zeros(columns), [float(logit(np.average(labels, weights=weights)))]])
    blocks = [slice(start, start + _BLOCK_ROWS) for start in range(0, len(labels), _BLOCK_ROWS)]

    def objective(point: Floats) -> float:
        total = 0.5 * float(penalty @ point**2)
        for block in blocks:
            linear = inputs[block] @ point[:-1] + point[-1]
            total += float(weights[block] @ (np.logaddexp(0, linear) - labels[block] * linear))
        return total

    value = objective(solution)
    for _ in range(_MAX_STEPS):
        gradient, curvature = penalty * solution, np.diag(penalty)
        for block in blocks:
            rows = np.column_stack([inputs[block], np.ones(len(inputs[block]))])
            probability = expit(rows @ solution)
            gradient = gradient + rows.T @ (weights[block] * (probability - labels[block]))
            curvature = curvature + rows.T @ (rows * (weights[block] * probability * (1 - probability))[:, None])
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-4 and objective(solution - size * step) > value:
            size /= 2
        solution = solution - size * step
        before, value = value, objective(solution)
        if before - value < 1e-6 * weights.sum() ** 0.5:
            break
    # Ten digits are far beyond what the data can tell and hide the last bits of threaded arithmetic.
    return np.round(solution[:-1], 10), round(float(solution[-1]), 10)


def _transform(
    matrix: Matrix, is_log: Floats, low: Floats, high: Floats, mean: Floats, scale: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """The matrix on the scale of the coefficients, 0 where it is undefined; and where that is."""
    # One array, changed in place: memory that is asked for anew costs more than the arithmetic.
    values = np.clip(matrix, low, high, dtype=np.float64)
    np.log1p(values, out=values, where=is_log > 0)
    values -= mean
    values /= scale
    missing = np.isnan(values)
    values[missing] = 0.0
    return values, missing
