"""What a user would spend if they bought within the horizon: their own average order, shrunken towards everyone's."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from ml.answers import Values
from ml.propensity.matrix import Floats, feature_matrix

AMOUNT_INPUTS = ("average_order_amount", "orders_total")
AMOUNT_LABEL = "purchase_amount"

_SHRINKAGES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_ENOUGH_BUYERS = 30


@dataclass(frozen=True)
class AmountModel:
    """amount = factor x (base + slope x (orders x own average + shrinkage x overall) / (orders + shrinkage))."""

    overall: float
    shrinkage: float
    base: float
    slope: float
    ceiling: float
    factor: float

    def predict(self, inputs: Values) -> Floats:
        """Expected amount given a purchase, in the currency of the data; `inputs` has the columns AMOUNT_INPUTS."""
        shrunken = _shrunken(inputs, self.overall, self.shrinkage, self.ceiling)
        return self.factor * np.clip(self.base + self.slope * shrunken, 0.0, self.ceiling)

    def to_dict(self) -> dict[str, float]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**{key: float(value) for key, value in data.items()})


def fit_amounts(train: pl.DataFrame, calibration: pl.DataFrame, probability: Floats) -> AmountModel:
    """Fit on the buyers of the train cutoffs, then scale so that probability x amount adds up on calibration.

    With few buyers everyone gets the average of those there are. Amounts above the 99.5th percentile count as
    that much: one wholesale order must not set the value of every user.
    """
    buyers = train.filter(pl.col("has_purchased"))
    if buyers.height < _ENOUGH_BUYERS:
        buyers = pl.concat([train, calibration]).filter(pl.col("has_purchased"))
    if buyers.is_empty():
        return AmountModel(0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    amounts = buyers[AMOUNT_LABEL].to_numpy().astype(np.float64)
    ceiling = float(np.quantile(amounts, 0.995))
    amounts = np.minimum(amounts, ceiling)
    overall = float(amounts.mean())
    best = (float(((amounts - overall) ** 2).sum()), 1.0, overall, 0.0)
    if buyers.height >= _ENOUGH_BUYERS:
        for shrinkage in _SHRINKAGES:
            shrunken = _shrunken(feature_matrix(buyers, AMOUNT_INPUTS), overall, shrinkage, ceiling)
            spread = float(((shrunken - shrunken.mean()) ** 2).sum())
            slope = float((shrunken - shrunken.mean()) @ amounts) / spread if spread > 0 else 0.0
            slope = max(slope, 0.0)
            base = overall - slope * float(shrunken.mean())
            error = float(((amounts - base - slope * shrunken) ** 2).sum())
            if error < best[0]:
                best = (error, shrinkage, base, slope)
    _, shrinkage, base, slope = best
    unscaled = AmountModel(overall, shrinkage, base, slope, ceiling, 1.0)
    expected = float(probability @ unscaled.predict(feature_matrix(calibration, AMOUNT_INPUTS)))
    observed = float(np.minimum(calibration[AMOUNT_LABEL].to_numpy(), ceiling).sum())
    factor = observed / expected if expected > 0 and observed > 0 else 1.0
    values = (overall, shrinkage, base, slope, ceiling, factor)
    return AmountModel(*(float(f"{value:.10g}") for value in values))


def _shrunken(inputs: Values, overall: float, shrinkage: float, ceiling: float) -> Floats:
    average, orders = inputs.astype(np.float64).T
    average = np.where(np.isnan(average), overall, average)
    orders = np.where(np.isnan(orders), 0.0, orders)
    return np.asarray((orders * np.minimum(average, ceiling) + shrinkage * overall) / (orders + shrinkage))
