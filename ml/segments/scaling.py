"""Brings behaviour of every unit into one space in which distance means difference.

Belongs here: the scaling learned from one population and applied unchanged ever after. Does not belong here: clusters.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.catalogue import Feature
from ml.errors import FeatureMismatch

Matrix = NDArray[np.float64]

_CLIP = (0.005, 0.995)
"""A wholesaler with ten thousand orders must not stretch the scale for everyone else."""
_Z_LIMIT = 3.0
"""A rare deed (one user in a hundred) would otherwise lie ten deviations away and form a cluster of its own."""
_SKEWED = 1.0
_CORE_FAMILIES = frozenset({"recency", "frequency", "monetary"})
_SIDE_SAY = 0.5
"""Who a customer is shows in when, how often and for how much; every other family only colours it."""
_PLAIN_VARIATION = 0.5
"""Standard deviation over mean from which a quantity counts in full."""


@dataclass(frozen=True)
class Column:
    """How one feature is scaled: fill if undefined, clip, log1p if `is_log`, standardise, weigh."""

    name: str
    fill: float
    low: float
    high: float
    is_log: bool
    mean: float
    scale: float
    weight: float


@dataclass(frozen=True)
class Scaling:
    """The scaling of every feature that varies, in catalogue order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The features that take part; empty and constant ones were left out when it was fitted."""
        return tuple(column.name for column in self.columns)

    def transform(self, values: Matrix) -> Matrix:
        """Raw values (rows x `names`, NaN = undefined) to the scaled space."""
        of = self._numbers
        clipped = np.clip(np.where(np.isnan(values), of["fill"], values), of["low"], of["high"])
        bent = np.where(self._is_log, np.log1p(np.maximum(clipped, 0.0)), clipped)
        z = (bent - of["mean"]) / of["scale"]
        return np.asarray(np.clip(z, -_Z_LIMIT, _Z_LIMIT) * of["weight"], dtype=np.float64)

    def inverse(self, scaled: Matrix) -> Matrix:
        """Points of the scaled space (such as centroids) back to the features' own units."""
        of = self._numbers
        bent = scaled / of["weight"] * of["scale"] + of["mean"]
        raw = np.where(self._is_log, np.expm1(np.where(self._is_log, bent, 0.0)), bent)
        return np.asarray(np.clip(raw, of["low"], of["high"]), dtype=np.float64)

    def to_list(self) -> list[dict[str, Any]]:
        """Plain data for JSON."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def from_list(cls, columns: Sequence[Mapping[str, Any]]) -> Self:
        """Read what `to_list` wrote."""
        return cls(tuple(Column(**column) for column in columns))

    @cached_property
    def _is_log(self) -> NDArray[np.bool_]:
        return np.array([column.is_log for column in self.columns], dtype=np.bool_)

    @cached_property
    def _numbers(self) -> dict[str, Matrix]:
        names = ("fill", "low", "high", "mean", "scale", "weight")
        return {name: np.array([getattr(column, name) for column in self.columns], dtype=np.float64) for name in names}


def feature_matrix(frame: pl.DataFrame, names: Sequence[str]) -> Matrix:
    """The named columns as floats, NaN where undefined; raises FeatureMismatch if one is absent."""
    # A frame's schema is rebuilt each time it is asked for, which would cost one row more than its answer.
    schema = frame.schema
    absent = [name for name in names if name not in schema]
    if absent:
        raise FeatureMismatch(
            f"The frame lacks {', '.join(f'`{name}`' for name in absent)}; rebuild user_features or retrain the model."
        )
    values = np.empty((frame.height, len(names)))
    for position, name in enumerate(names):
        column = frame.get_column(name)
        values[:, position] = (column if schema[name] == pl.Float64 else column.cast(pl.Float64)).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def fit_scaling(values: Matrix, features: Sequence[Feature]) -> Scaling:
    """Learn the scaling of one population; `values` has one column per feature, NaN = undefined.

    A feature that is empty or does not vary says nothing and is left out. Within a family the weights share one say,
    so that seven windows of the same count do not outvote recency.
    """
    fitted = [
        column
        for position, feature in enumerate(features)
        if (column := _fit_column(values[:, position], feature)) is not None
    ]
    family = {feature.name: feature.family for feature in features}
    members = Counter(family[column.name] for column in fitted)
    say = {name: (1.0 if name in _CORE_FAMILIES else _SIDE_SAY) * count**-0.5 for name, count in members.items()}
    return Scaling(tuple(replace(column, weight=column.weight * say[family[column.name]]) for column in fitted))


def _fit_column(values: Matrix, feature: Feature) -> Column | None:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return None
    low, high = (float(bound) for bound in np.quantile(known, _CLIP))
    # Who never did it did it longer ago than anyone; any other undefined value counts as typical.
    fill = high if feature.family == "recency" else float(np.median(known))
    clipped = np.clip(np.where(np.isnan(values), fill, values), low, high)
    spread = float(clipped.std())
    if spread <= 1e-9 * max(1.0, abs(low), abs(high)):
        return None
    skewness = float(np.mean(((clipped - clipped.mean()) / spread) ** 3))
    is_log = low >= 0.0 and skewness > _SKEWED
    bent = np.log1p(clipped) if is_log else clipped
    return Column(
        name=feature.name,
        fill=fill,
        low=low,
        high=high,
        is_log=is_log,
        mean=float(bent.mean()),
        scale=float(bent.std()),
        weight=_relative_weight(clipped),
    )


def _relative_weight(values: Matrix) -> float:
    """Less than 1 for a quantity that hardly varies for its size.

    In a cohort that joined within three months, 500 or 520 days of acquaintance are the same to anyone; standardising
    alone would make them as different as one order and ten.
    """
    if values.min() < 0.0:
        return 1.0
    return min(1.0, float(values.std() / values.mean()) / _PLAIN_VARIATION)
