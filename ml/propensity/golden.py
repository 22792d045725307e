"""What a model keeps of the users it learned from: medians and quantiles of features, and no person.

Belongs here: those figures. Does not belong here: what a loaded model does with them (`ml.artifact`, `ml.explain`).
"""

import numpy as np
import polars as pl

from ml.propensity.matrix import Matrix

_ROWS = 11


def medians(matrix: Matrix) -> tuple[float | None, ...]:
    """The median of each feature; None where nobody has it."""
    columns = (column[~np.isnan(column)] for column in matrix.T)
    return tuple(round(float(np.median(column)), 6) if len(column) else None for column in columns)


def golden_rows(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Made-up users: each feature at one of its quantiles, and one of whom nothing is defined."""
    levels = np.linspace(0.01, 0.99, _ROWS)
    columns: dict[str, list[float | None]] = {}
    for name in names:
        values = rows[name].cast(pl.Float64).fill_nan(None).drop_nulls()
        quantiles = np.quantile(values.to_numpy(), levels).tolist() if len(values) else [None] * _ROWS
        columns[name] = [*quantiles, None]
    users = [f"quantile {level:.2f}" for level in levels] + ["nothing defined"]
    schema = {"user_id": pl.String, **dict.fromkeys(names, pl.Float64)}
    return pl.DataFrame({"user_id": users, **columns}, schema=schema)
