"""A backtest's report for people: tables of text, and pictures.

Belongs here: what is shown side by side, and how a figure is written. Does not belong here: computing figures
(`ml.backtest_report`), or the looks of a terminal, a notebook or a page: a table here is a frame of text.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ml.backtest import MODEL
from ml.backtest_report import CUTOFF, POOLED, BacktestReport
from ml.bootstrap import RANKING_FIGURES
from ml.plot_style import BASELINES, QUIET, WARM, new_figure, set_title
from ml.plot_style import MODEL as MODEL_COLOUR
from ml.plots import gain_figure, reliability_figure
from ml.slices import SLICES

_WORDS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
    "lift_at_10": "lift at 10 %",
    "observed_over_expected": "observed / expected",
    "top_decile_observed_over_expected": "observed / expected, top decile",
}
_DECIMALS = {
    "brier": 4,
    "log_loss": 4,
    "lift_at_10": 2,
    "observed_over_expected": 2,
    "top_decile_observed_over_expected": 2,
}
ASPECTS = {
    "ranking": RANKING_FIGURES,
    "error": ("brier", "log_loss", "calibration_error"),
    "level": ("observed_over_expected", "top_decile_observed_over_expected"),
}
"""What the figures are about, where one table cannot hold them all."""

_OF_SLICES = ("auc", "calibration_error", "observed_over_expected", "top_decile_observed_over_expected")
_SIZE = ("rows", "positives")


def cutoffs_table(report: BacktestReport, figures: Sequence[str] = tuple(_WORDS)) -> pl.DataFrame:
    """Every contender, at each test cutoff and pooled: "estimate (low to high)" by figure."""
    rows = report.figures.filter(pl.col("scope").is_in([CUTOFF, POOLED]))
    return _side_by_side(rows, figures, {"group": "test cutoff", "contender": "contender"}, _SIZE)


def differences_table(report: BacktestReport, figures: Sequence[str] = tuple(_WORDS)) -> pl.DataFrame:
    """The model minus each contender, pooled and paired; Brier, log loss and calibration error are better below 0."""
    rows = report.differences.filter(pl.col("scope") == POOLED)
    return _side_by_side(rows, figures, {"contender": f"{MODEL} minus"}, ())


def slices_table(report: BacktestReport, figures: Sequence[str] = _OF_SLICES) -> pl.DataFrame:
    """The model in each slice, all test cutoffs together."""
    rows = report.figures.filter(pl.col("scope").is_in(SLICES))
    return _side_by_side(rows, figures, {"scope": "slicing", "group": "users who are"}, _SIZE)


def backtest_figures(report: BacktestReport, predictions: pl.DataFrame) -> dict[str, Figure]:
    """The pictures of a backtest, by file name without suffix; `predictions` is what `ml.backtest` returned."""
    return {
        "backtest_auc": auc_by_cutoff_figure(report),
        "backtest_reliability": reliability_figure(report.reliability, "Do the probabilities hold at all cutoffs?"),
        "backtest_gain": gain_figure(predictions.rename({MODEL: "probability"}), "Who is found first at all cutoffs?"),
    }


def auc_by_cutoff_figure(report: BacktestReport, title: str = "Does it hold over time?") -> Figure:
    """AUC of every contender at each test cutoff, with 95 % intervals."""
    of_auc = report.figures.filter(pl.col("scope") == CUTOFF, pl.col("figure") == "auc").drop_nulls()
    days = of_auc["group"].unique().sort().to_list()
    contenders = of_auc["contender"].unique(maintain_order=True).to_list()
    figure, axes = new_figure(7.6, 4.4)
    looks = {MODEL: ("model", MODEL_COLOUR), **BASELINES}
    for place, name in enumerate(contenders):
        rows = of_auc.filter(pl.col("contender") == name)
        words, colour = looks.get(name, (name, (WARM, QUIET)[place % 2]))
        at = np.array([days.index(day) for day in rows["group"]]) + 0.06 * (place - (len(contenders) - 1) / 2)
        middle, low, high = (rows[column].to_numpy() for column in ("estimate", "low", "high"))
        spread = np.maximum(np.vstack([middle - low, high - middle]), 0.0)
        axes.errorbar(at, middle, yerr=spread, fmt="o-", color=colour, elinewidth=1.2, capsize=3, label=words)
    axes.set_xticks(range(len(days)), days)
    axes.set(xlabel="test cutoff", ylabel="AUC")
    set_title(axes, title, "users drawn with all their rows; bars: 95 % interval")
    axes.legend(frameon=False)
    return figure


def markdown(table: pl.DataFrame) -> str:
    """A table of text as Markdown."""
    lines = [table.columns, ["---"] * table.width, *table.rows()]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _side_by_side(
    rows: pl.DataFrame, figures: Sequence[str], place: Mapping[str, str], size: Sequence[str]
) -> pl.DataFrame:
    """One line a place that has any of the figures, one column a figure; sizes as plain text."""
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows.filter(pl.col("figure").is_in(figures)).iter_rows(named=True):
        line = lines.setdefault(tuple(row[name] for name in place), dict.fromkeys([*size, *figures], ""))
        line[row["figure"]] = _words(row["estimate"], row["low"], row["high"], _DECIMALS.get(row["figure"], 3))
        line |= {"rows": f"{row['rows']:,}", "positives": f"{row['positives']:,}"} if size else {}
    named = [dict(zip(place.values(), at, strict=True)) | line for at, line in lines.items()]
    columns = {**{name: name for name in (*place.values(), *size)}, **{name: _WORDS[name] for name in figures}}
    return pl.DataFrame(named, schema=dict.fromkeys(columns, pl.String)).rename(columns)


def _words(estimate: float | None, low: float | None, high: float | None, decimals: int) -> str:
    if estimate is None:
        return ""
    if low is None or high is None:
        return f"{estimate:.{decimals}f}"
    return f"{estimate:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"
