"""What a backtest found: figures per test cutoff, pooled and per slice, with intervals, and paired differences.

Belongs here: from a frame of predictions (`ml.backtest`) to tables of figures. Does not belong here: training, drawing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from ml.backtest import KEYS, MODEL
from ml.bootstrap import RankedRows, resampled
from ml.evaluation import Floats, reliability_table
from ml.slices import SLICES

Schema = dict[str, type[pl.DataType]]

POOLED = "pooled"
CUTOFF = "cutoff"

_RANKING_ONLY = frozenset({"recency"})
_LEVEL = 0.95

_MOST = {"auc": 1.0, "average_precision": 1.0, "brier": 1.0}
"""Figures that have an upper bound; none is below 0."""

_INTERVAL: Schema = {"estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64}
_PLACE: Schema = {"scope": pl.String, "group": pl.String, "contender": pl.String, "figure": pl.String}
_SCHEMAS: dict[str, Schema] = {
    "figures": _PLACE | _INTERVAL | {"rows": pl.Int64, "positives": pl.Int64},
    "differences": _PLACE | _INTERVAL,
    "reliability": {
        "bin": pl.Int64,
        "rows": pl.Int64,
        **dict.fromkeys(("predicted", "observed", "low", "high"), pl.Float64),
    },
}
"""The tables of a report by name, with their columns."""


@dataclass(frozen=True)
class BacktestReport:
    """Figures of every contender, tidy: one row a scope, group, contender and figure.

    `figures`: scope ("pooled", "cutoff", or a slicing such as "tenure"), group ("pooled", the cutoff's day, or the
    slice's name), contender, figure (one of `ml.bootstrap.FIGURES`), estimate with its 95 % interval low and high,
    rows, positives. Undefined figures (AUC of one class, Brier of a score that only ranks) are null.
    `differences`: the same without rows and positives, where estimate, low and high are of model minus contender.
    `reliability`: the model's, pooled, as in `ml.evaluation.reliability_table`.
    """

    figures: pl.DataFrame
    differences: pl.DataFrame
    reliability: pl.DataFrame

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Plain data for JSON, by table."""
        return {name: getattr(self, name).to_dicts() for name in _SCHEMAS}

    def to_csv(self) -> dict[str, str]:
        """Each table as CSV, which spreadsheets and MLflow show as they are."""
        return {name: getattr(self, name).write_csv() for name in _SCHEMAS}

    @classmethod
    def from_csv(cls, tables: Mapping[str, str]) -> "BacktestReport":
        """Read what `to_csv` wrote."""
        return cls(**{name: pl.read_csv(tables[name].encode(), schema=schema) for name, schema in _SCHEMAS.items()})


def contender_names(predictions: pl.DataFrame) -> tuple[str, ...]:
    """The columns of a backtest's predictions that hold scores, the model first."""
    return tuple(name for name in predictions.columns if name not in (*KEYS, *SLICES))


def backtest_report(predictions: pl.DataFrame, *, draws: int = 500, seed: int = 0) -> BacktestReport:
    """The report on what `backtest` returned.

    Contenders are compared pooled and per cutoff; slices, over all cutoffs together, are of the model alone, and a
    slicing that puts everyone into one group is left out. Intervals are from `draws` resamples of users, who bring all
    their rows of all cutoffs; differences are taken draw by draw.
    """
    labels = predictions["label"].to_numpy()
    _, user = np.unique(predictions["user_id"].to_numpy(), return_inverse=True)
    users = int(user.max()) + 1
    ranked = {
        (scope, group, name): RankedRows.of(
            labels[chosen],
            predictions[name].to_numpy()[chosen],
            user[chosen],
            is_probability=name not in _RANKING_ONLY,
        )
        for scope, group, chosen in _groups(predictions)
        for name in (contender_names(predictions) if scope in (POOLED, CUTOFF) else (MODEL,))
    }
    once = np.ones(users, np.int32)
    estimates = {key: rows.figures(once) for key, rows in ranked.items()}
    drawn = resampled(ranked, users, draws=draws, seed=seed)
    figures, differences = [], []
    for key, rows in ranked.items():
        scope, group, name = key
        of_model = (scope, group, MODEL)
        size = {"rows": len(rows.scores), "positives": len(rows.positives)}
        for figure in estimates[key]:
            place = {"scope": scope, "group": group, "contender": name, "figure": figure}
            bounds = (0.0, _MOST.get(figure, np.inf))
            figures.append(place | _interval(estimates[key][figure], drawn[key][figure], bounds) | size)
            if name != MODEL:
                gain = estimates[of_model][figure] - estimates[key][figure]
                drawn_gain = drawn[of_model][figure] - drawn[key][figure]
                differences.append(place | _interval(gain, drawn_gain, (-np.inf, np.inf)))
    return BacktestReport(
        figures=pl.DataFrame(figures, schema=_SCHEMAS["figures"]),
        differences=pl.DataFrame(differences, schema=_SCHEMAS["differences"]),
        reliability=reliability_table(labels, predictions[MODEL].to_numpy()),
    )


def _groups(predictions: pl.DataFrame) -> Iterator[tuple[str, str, np.ndarray[Any, np.dtype[np.bool_]]]]:
    """Scope, group and which rows belong to it."""
    yield POOLED, POOLED, np.ones(predictions.height, np.bool_)
    for scope, column in ((CUTOFF, "as_of"), *((slicing, slicing) for slicing in SLICES)):
        values = predictions[column]
        groups = values.unique().sort()
        if scope == CUTOFF or len(groups) > 1:
            for group in groups:
                yield scope, str(group), (values == group).to_numpy()


def _interval(estimate: float, draws: Floats, bounds: tuple[float, float]) -> dict[str, float | None]:
    """The percentile interval of the draws, moved so that their mean is the estimate.

    Resampling adds noise of its own, which lifts a calibration error systematically: unmoved, its interval could
    lie above the estimate. For the other figures the move is negligible.
    """
    known = draws[np.isfinite(draws)]
    if not np.isfinite(estimate):
        return {"estimate": None, "low": None, "high": None}
    if not len(known):
        return {"estimate": estimate, "low": None, "high": None}
    tail = (1 - _LEVEL) / 2
    low, high = np.clip(np.quantile(known, [tail, 1 - tail]) - (known.mean() - estimate), *bounds)
    return {"estimate": estimate, "low": float(low), "high": float(high)}
