"""From a frame of features to the matrix the members read. Nothing is learned or filled in here."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.answers import Values
from ml.errors import FeatureMismatch

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]


def feature_matrix(frame: pl.DataFrame, names: Sequence[str]) -> Matrix:
    """The columns `names` of `frame` as float32, null and infinite values as NaN.

    Raises FeatureMismatch naming the first column that is missing or not numeric.
    """
    require_columns(frame, names)
    # Asked for once: a frame makes its schema anew each time, which a service would notice in every answer.
    schema = frame.schema
    for name in names:
        if not (schema[name].is_numeric() or schema[name] in (pl.Boolean, pl.Null)):
            raise FeatureMismatch(f"The feature `{name}` is {schema[name]}; it must be a number.")
    return as_matrix(frame.select(pl.col(list(names)).cast(pl.Float32)).to_numpy(order="c"))


def as_matrix(values: Values) -> Matrix:
    """`values` as float32 in a matrix of its own, infinite ones as NaN."""
    # What is beyond float32 becomes infinite, and so undefined, which numpy would warn of.
    with np.errstate(over="ignore"):
        matrix = values.astype(np.float32, order="C")
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def weighted_sum(values: Floats, weights: Sequence[float]) -> Floats:
    """The sum of each row's values times `weights`, to the same bit whichever rows stand beside it.

    A product of matrices is quicker for one call, but BLAS adds in an order that depends on the number of rows.
    """
    return np.asarray(np.multiply(values, np.asarray(weights), order="C").sum(axis=1), np.float64)


def require_columns(frame: pl.DataFrame, names: Sequence[str]) -> None:
    """Raise FeatureMismatch unless `frame` has every column in `names`."""
    present = frozenset(frame.columns)
    missing = [name for name in names if name not in present]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise FeatureMismatch(
            f"The frame lacks the column `{missing[0]}`{others}; rebuild the feature mart or retrain the model."
        )
