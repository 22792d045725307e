"""The amounts of models that were saved before amounts were learned without a cap. They are read, and no longer fitted.

Belongs here: nothing new. Does not belong here: how amounts are learned (`ml.propensity.amount`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ml.answers import Values
from ml.propensity.matrix import Floats


@dataclass(frozen=True)
class CappedAmounts:
    """amount = factor x (base + slope x (orders x own average + shrinkage x overall) / (orders + shrinkage)).

    The range of most amounts is not known.
    """

    overall: float
    shrinkage: float
    base: float
    slope: float
    ceiling: float
    factor: float

    inputs: ClassVar = ("average_order_amount", "orders_total")

    def predict(self, values: Values) -> Floats:
        """Expected amount given a purchase, in the currency of the data; `values` has the columns `inputs`."""
        average, orders = values.astype(np.float64).T
        average = np.where(np.isnan(average), self.overall, average)
        orders = np.where(np.isnan(orders), 0.0, orders)
        known = orders * np.minimum(average, self.ceiling) + self.shrinkage * self.overall
        shrunken = known / (orders + self.shrinkage)
        return np.asarray(self.factor * np.clip(self.base + self.slope * shrunken, 0.0, self.ceiling), np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(**{name: float(value) for name, value in data.items()})
