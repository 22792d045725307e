"""What a user would spend if they bought within the horizon: an expected amount, and the range of most such amounts.

Belongs here: the amount given a purchase, in the currency of the shop. Does not belong here: the probability of a
purchase (`ml.propensity.model`).
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl

from ml.answers import Values
from ml.propensity.matrix import Floats, feature_matrix, weighted_sum

AMOUNT_INPUTS = (
    "average_order_amount",
    "average_order_amount_90d",
    "purchase_amount_90d",
    "purchase_amount_365d",
    "orders_90d",
    "orders_365d",
    "orders_total",
    "days_since_last_purchase",
)
AMOUNT_LABEL = "purchase_amount"
AMOUNT_INTERVAL = 0.8
"""The share of buyers whose amount lies within the range that is answered."""

_AVERAGE, _RECENT_AVERAGE = AMOUNT_INPUTS[:2]
_ENOUGH_BUYERS = 100
_RIDGE = 10.0
"""Buyers' worth of evidence that it takes to move a standardised coefficient from 0, or the slope from 1."""
_LEVEL_MEMORY = 0.5
"""What the buyers of a cutoff say about the level counts this much of what those of the next one say."""
_LEAST_SHARE = 0.01
"""An amount below this share of the average counts as that much where a logarithm is taken."""
_MAX_STEPS = 50


@dataclass(frozen=True)
class AmountModel:
    """amount = scale x exp(coefficients x logarithms of `inputs`, and whether the user has ever bought).

    Money is counted in `unit`, a hundredth of the average amount, so the currency changes nothing but the unit of the
    answer. `typical_log` stands for the logarithm of an average that is undefined. No exponent is beyond `most`, the
    largest of those learned from. Of buyers, AMOUNT_INTERVAL spend between `low` and `high` times the amount. `overall`
    is what the average buyer spends.
    """

    inputs: tuple[str, ...]
    scale: float
    unit: float
    typical_log: float
    coefficients: tuple[float, ...]
    most: float
    low: float
    high: float
    overall: float

    def predict(self, values: Values) -> Floats:
        """Expected amount given a purchase, in the currency of the data; `values` has the columns `inputs`."""
        exponent = weighted_sum(self._logarithms.of(values), self.coefficients)
        return np.asarray(self.scale * np.exp(np.minimum(exponent, self.most)), np.float64)

    @cached_property
    def _logarithms(self) -> "_Logarithms":
        return _Logarithms(self.inputs, self.unit, self.typical_log)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**{**data, "inputs": tuple(data["inputs"]), "coefficients": tuple(data["coefficients"])})


def amount_inputs(names: Collection[str]) -> tuple[str, ...]:
    """Those of AMOUNT_INPUTS that are among the features `names`."""
    return tuple(name for name in AMOUNT_INPUTS if name in names)


def fit_amounts(rows: pl.DataFrame) -> AmountModel:
    """Fit on the buyers of all cutoffs in `rows`, which has as_of, has_purchased, AMOUNT_LABEL and some AMOUNT_INPUTS.

    A regression of the logarithm finds who spends more. It hardly feels single large orders. How many times more is
    one slope, fitted to the amounts as they are, and the level is such that the amounts of buyers add up, the newest
    cutoffs counting most. So no amount is capped, and no single order decides about anything but the total. With few
    buyers everyone gets the average.
    """
    inputs = amount_inputs(rows.columns)
    buyers = rows.filter(pl.col("has_purchased") & pl.col(AMOUNT_LABEL).is_not_null()).sort("as_of")
    amounts = buyers[AMOUNT_LABEL].cast(pl.Float64).to_numpy()
    coefficients = np.zeros(len(inputs) + 1)
    if not amounts.sum() > 0:
        return AmountModel(inputs, 0.0, 1.0, 0.0, tuple(coefficients.tolist()), 0.0, 1.0, 1.0, 0.0)
    mean = float(amounts.mean())
    weights = _LEVEL_MEMORY ** (buyers["as_of"].rank("dense", descending=True).to_numpy() - 1.0)
    values = feature_matrix(buyers, inputs)
    transform = _Logarithms(inputs, _rounded(mean / 100), 0.0).with_typical(values)
    logarithms = transform.of(values)
    if len(amounts) >= _ENOUGH_BUYERS:
        coefficients = _ridge(logarithms, np.log(np.maximum(amounts, _LEAST_SHARE * mean) / mean))
        coefficients = coefficients * _slope(logarithms @ coefficients, amounts / mean)
    coefficients = np.array([_rounded(each) for each in coefficients])
    exponent = logarithms @ coefficients
    shape = np.exp(exponent)
    scale = float(weights @ amounts / (weights @ shape))
    low, high = np.quantile(amounts / (scale * shape), [(1 - AMOUNT_INTERVAL) / 2, (1 + AMOUNT_INTERVAL) / 2])
    return AmountModel(
        inputs=inputs,
        scale=_rounded(scale),
        unit=transform.unit,
        typical_log=transform.typical_log,
        coefficients=tuple(coefficients.tolist()),
        most=_rounded(float(exponent.max())),
        low=_rounded(float(low)),
        high=_rounded(float(high)),
        overall=_rounded(float(np.average(amounts, weights=weights))),
    )


def amount_level(model: AmountModel, rows: pl.DataFrame) -> float:
    """By what the amounts of a model are to be multiplied so that those of the buyers in `rows` add up.

    The newest cutoffs count most, as in `fit_amounts`. 1 where nobody bought.
    """
    buyers = rows.filter(pl.col("has_purchased")).sort("as_of")
    if buyers.is_empty():
        return 1.0
    weights = _LEVEL_MEMORY ** (buyers["as_of"].rank("dense", descending=True).to_numpy() - 1.0)
    came = float(weights @ buyers[AMOUNT_LABEL].cast(pl.Float64).to_numpy())
    foretold = float(weights @ model.predict(feature_matrix(buyers, model.inputs)))
    return _rounded(came / foretold) if came > 0 and foretold > 0 else 1.0


@dataclass(frozen=True)
class _Logarithms:
    """The logarithms of some inputs, and whether a user never bought, so that the average is undefined."""

    inputs: tuple[str, ...]
    unit: float
    typical_log: float

    def of(self, values: Values) -> Floats:
        """(rows, inputs + 1)"""
        scaled = np.asarray(values, np.float64) * self._per_unit
        average = self.inputs.index(_AVERAGE)
        is_missing = np.isnan(scaled)
        logs = np.log1p(np.maximum(np.where(is_missing, 0.0, scaled), 0.0))
        logs[is_missing[:, average], average] = self.typical_log
        if _RECENT_AVERAGE in self.inputs:
            recent = self.inputs.index(_RECENT_AVERAGE)
            logs[:, recent] = np.where(is_missing[:, recent], logs[:, average], logs[:, recent])
        return np.column_stack([logs, is_missing[:, average]])

    @cached_property
    def _per_unit(self) -> Floats:
        return np.array([1.0 / self.unit if "amount" in name else 1.0 for name in self.inputs])

    def with_typical(self, values: Values) -> "_Logarithms":
        """The same with the mean logarithm of the averages that there are."""
        average = values[:, self.inputs.index(_AVERAGE)].astype(np.float64)
        known = np.maximum(average[~np.isnan(average)], 0.0)
        typical = float(np.log1p(known / self.unit).mean()) if len(known) else 0.0
        return replace(self, typical_log=_rounded(typical))


def _ridge(logarithms: Floats, target: Floats) -> Floats:
    """Coefficients of a linear regression, each held back as if it were of a feature with spread 1."""
    centred = logarithms - logarithms.mean(axis=0)
    penalty = _RIDGE * np.diag(np.maximum(centred.var(axis=0), 1e-6))
    return np.asarray(np.linalg.solve(centred.T @ centred + penalty, centred.T @ (target - target.mean())))


def _slope(exponent: Floats, amounts: Floats) -> float:
    """The slope by which amounts follow exp(slope x exponent): Poisson's quasi-likelihood, which keeps totals."""
    centred = exponent - exponent.mean()
    level, slope = 0.0, 1.0
    for _ in range(_MAX_STEPS):
        expected = np.exp(np.clip(level + slope * centred, -30.0, 30.0))
        gradient = np.array([(expected - amounts).sum(), centred @ (expected - amounts) + _RIDGE * (slope - 1.0)])
        cross = float(centred @ expected)
        curvature = np.array([[expected.sum(), cross], [cross, centred**2 @ expected + _RIDGE]])
        step = np.clip(np.linalg.solve(curvature, gradient), -0.5, 0.5)
        level, slope = level - step[0], slope - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return max(slope, 0.0)


def _rounded(value: float) -> float:
    return float(f"{value:.10g}")
