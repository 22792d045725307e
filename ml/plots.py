"""Pictures of models and data: every function takes a table and returns a matplotlib Figure.

Belongs here: drawing. Does not belong here: computing what is drawn, saving it, or how figures look alike
(`ml.plot_style`).
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ml.evaluation import Evaluation, gain_table
from ml.plot_style import BASELINES, INK, MODEL, QUIET, WARM, new_figure, set_title, style_axes
from ml.segments.evaluation import SegmentationEvaluation

_MOST_TICKS = 9


def evaluation_figures(evaluation: Evaluation | SegmentationEvaluation) -> dict[str, Figure]:
    """The figures that belong on a model's run, by file name without suffix."""
    if isinstance(evaluation, SegmentationEvaluation):
        return {
            "segment_profile": segment_profile_figure(evaluation.profile, evaluation.segments),
            "segment_choice": segment_choice_figure(evaluation.candidates, int(evaluation.metrics["segments"])),
        }
    return {
        "reliability": reliability_figure(evaluation.reliability),
        "gain": gain_figure(evaluation.test_predictions),
    }


def reliability_figure(reliability: pl.DataFrame, title: str = "Do the probabilities hold?") -> Figure:
    """Predicted against observed rates with 95 % intervals, and how many users each bin holds.

    `reliability`: predicted, observed, low, high, rows, one row per bin.
    """
    figure, axes = new_figure(6.4, 5.6)
    predicted, observed = reliability["predicted"].to_numpy(), reliability["observed"].to_numpy()
    low, high = reliability["low"].to_numpy(), reliability["high"].to_numpy()
    most = 1.05 * max(float(predicted.max(initial=0.0)), float(high.max(initial=0.0)), 0.01)
    axes.plot([0, most], [0, most], color=QUIET, linestyle="--", linewidth=1.2, label="perfectly calibrated")
    errors = np.maximum(np.vstack([observed - low, high - observed]), 0.0)
    axes.errorbar(
        predicted, observed, yerr=errors, fmt="o", color=MODEL, ecolor=MODEL, elinewidth=1.2, capsize=3, label="users"
    )
    axes.set(xlim=(0, most), ylim=(0, most), xlabel="predicted probability", ylabel="observed share")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0 if most > 0.1 else 1))
    users = int(reliability["rows"].sum())
    set_title(axes, title, f"{users:,} users in {reliability.height} bins of equal size; bars: 95 % interval")
    axes.legend(loc="upper left", frameon=False)
    return figure


def gain_figure(test_predictions: pl.DataFrame, title: str = "Who is found first?") -> Figure:
    """Cumulative gain and lift of the model beside its baselines, on the same users.

    `test_predictions`: label, probability and any of recency, rfm_logistic (higher: more likely), one row per user.
    """
    figure = Figure(figsize=(10.4, 4.8), layout="constrained")
    gain_axes, lift_axes = figure.subplots(1, 2)
    label = test_predictions["label"].cast(pl.Float64).to_numpy()
    scores = {"probability": ("model", MODEL), **BASELINES}
    for name, (words, colour) in scores.items():
        if name not in test_predictions.columns:
            continue
        gain = gain_table(label, test_predictions[name].to_numpy(), steps=50)
        width = 2.4 if name == "probability" else 1.4
        gain_axes.plot(gain["share_users"], gain["share_positives"], color=colour, linewidth=width, label=words)
        lifted = gain.filter(pl.col("share_users") > 0)
        lift_axes.plot(lifted["share_users"], lifted["lift"], color=colour, linewidth=width, label=words)
    gain_axes.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1.2, label="at random")
    lift_axes.axhline(1.0, color=QUIET, linestyle="--", linewidth=1.2)
    gain_axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of users, best score first", ylabel="share found")
    lift_axes.set(xlim=(0, 1), xlabel="share of users, best score first", ylabel="times better than random")
    lift_axes.set_ylim(bottom=0)
    for axis in (gain_axes.xaxis, gain_axes.yaxis, lift_axes.xaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    rate = float(label.mean()) if len(label) else 0.0
    style_axes(gain_axes)
    style_axes(lift_axes)
    set_title(gain_axes, title, f"{len(label):,} users, {rate:.1%} of them positive")
    set_title(lift_axes, "Lift", "over taking users at random")
    gain_axes.legend(loc="lower right", frameon=False)
    return figure


def segment_profile_figure(profile: pl.DataFrame, segments: pl.DataFrame, title: str = "Who is who?") -> Figure:
    """Heat map: how far each segment lies from the average user, per feature, with the medians written in.

    `profile`: segment_id, segment, label, median, unit, deviation; `segments`: segment_id, segment, share,
    revenue_share.
    """
    labels = profile["label"].unique(maintain_order=True).to_list()
    ids = segments["segment_id"].to_list()
    figure = Figure(figsize=(3.4 + 1.75 * len(ids), 1.9 + 0.42 * max(len(labels), 1)), layout="constrained")
    axes = figure.subplots()
    cells = {(row["label"], row["segment_id"]): row for row in profile.iter_rows(named=True)}
    deviation = np.array([[cells[label, segment_id]["deviation"] for segment_id in ids] for label in labels])
    image = axes.imshow(deviation.reshape(len(labels), len(ids)), cmap="RdBu_r", vmin=-2.5, vmax=2.5, aspect="auto")
    for y, label in enumerate(labels):
        for x, segment_id in enumerate(ids):
            cell = cells[label, segment_id]
            shade = "white" if abs(cell["deviation"]) > 1.6 else INK
            axes.text(x, y, _short(cell["median"], cell["unit"]), ha="center", va="center", color=shade, fontsize=9)
    axes.set_xticks(range(len(ids)), [_segment_tick(row) for row in segments.iter_rows(named=True)], fontsize=9)
    axes.set_yticks(range(len(labels)), labels, fontsize=9)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(ids) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(labels) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("standard deviations from the average user", fontsize=9)
    bar.outline.set_visible(False)
    figure.suptitle(f"{title} Medians by segment; colour: distance from the average user", fontsize=11, color=INK)
    return figure


def segment_choice_figure(
    candidates: pl.DataFrame, chosen: int, title: str = "How many segments are found again?"
) -> Figure:
    """Stability and separation by number of segments. `candidates`: k, stability, silhouette."""
    figure, axes = new_figure(6.4, 4.2)
    axes.plot(candidates["k"], candidates["stability"], "o-", color=MODEL, label="stability (adjusted Rand index)")
    axes.plot(candidates["k"], candidates["silhouette"], "s--", color=WARM, label="separation (silhouette)")
    axes.axvline(chosen, color=QUIET, linewidth=8, alpha=0.25, zorder=0)
    axes.set(xlabel="number of segments", ylim=(min(0.0, _least(candidates["silhouette"])), 1.05))
    axes.set_xticks(sorted({*candidates["k"].to_list(), chosen}))
    set_title(axes, title, f"chosen: {chosen}")
    axes.legend(loc="center right", frameon=False)
    return figure


def importance_figure(importance: pl.DataFrame, title: str = "What moves the score?") -> Figure:
    """Horizontal bars, largest on top. `importance`: name, value (mean absolute log-odds)."""
    ordered = importance.sort("value")
    figure, axes = new_figure(7.2, 1.4 + 0.34 * max(ordered.height, 1))
    axes.barh(ordered["name"].to_list(), ordered["value"].to_list(), color=MODEL, height=0.7)
    axes.set_xlabel("mean absolute contribution (log-odds)")
    set_title(axes, title, "average over users of how far each part moves a score, either way")
    axes.grid(visible=False, axis="y")
    return figure


def contributions_figure(
    contributions: Mapping[str, float], bias: float, title: str = "Why this score?", top: int = 8
) -> Figure:
    """Waterfall from the average user's probability to one user's.

    `contributions`: words -> log-odds, strongest `top` drawn, the rest as one bar; they and `bias` add up to the
    log-odds of the score, so the last bar ends exactly at the user's probability.
    """
    ranked = sorted(contributions.items(), key=lambda item: -abs(item[1]))
    parts = [*ranked[:top]]
    if len(ranked) > top:
        parts.append((f"all others ({len(ranked) - top})", sum(value for _, value in ranked[top:])))
    names, values = [name for name, _ in parts], np.array([value for _, value in parts])
    ends = bias + np.cumsum(values)
    starts = ends - values
    figure, axes = new_figure(8.6, 1.9 + 0.42 * max(len(parts), 1))
    rows = np.arange(len(parts))
    axes.barh(rows, values, left=starts, color=np.where(values > 0, WARM, MODEL), height=0.62)
    for row in rows:
        axes.plot([ends[row]] * 2, [row - 0.31, row + 1.31], color=QUIET, linewidth=0.8)
        nudge = 4 if values[row] >= 0 else -4
        axes.annotate(
            f"{values[row]:+.2f}",
            (ends[row], row),
            xytext=(nudge, 0),
            textcoords="offset points",
            va="center",
            ha="left" if nudge > 0 else "right",
            fontsize=9,
            color=INK,
        )
    final = float(ends[-1]) if parts else bias
    axes.set_yticks(rows, names)
    axes.set_ylim(len(parts) - 0.3, -0.7)
    reached = [bias, *starts, *ends]
    low, high = min(reached), max(reached)
    axes.set_xlim(low - 0.12 * (high - low) - 0.05, high + 0.12 * (high - low) + 0.05)
    axes.axvline(bias, color=QUIET, linestyle="--", linewidth=1)
    axes.set_xlabel("log-odds: right raises the score, left lowers it")
    set_title(axes, title, f"from {_probability(bias)} at the start to {_probability(final)} for this user")
    axes.grid(visible=False, axis="y")
    return figure


def drift_figure(columns: pl.DataFrame, title: str = "What moved?", top: int = 20) -> Figure:
    """Distances of the columns that moved most, each over its own limit.

    `columns`: column, distance, threshold, is_drifted, is_judged, as in `DriftReport.columns`.
    """
    known = columns.filter(pl.col("distance").is_not_null())
    ordered = known.sort(pl.col("distance") / pl.col("threshold"), descending=True).head(top).reverse()
    excess = (ordered["distance"] / ordered["threshold"]).to_list()
    is_alarm = (ordered["is_drifted"] & ordered["is_judged"]).to_list()
    colours = [WARM if alarm else MODEL for alarm in is_alarm]
    colours = [colour if judged else QUIET for colour, judged in zip(colours, ordered["is_judged"], strict=True)]
    figure, axes = new_figure(7.6, 1.5 + 0.3 * max(ordered.height, 1))
    axes.barh(ordered["column"].to_list(), excess, color=colours, height=0.7)
    axes.axvline(1.0, color=INK, linestyle="--", linewidth=1)
    axes.margins(y=0.01)
    axes.set_xlabel("distance from training, in limits (1 = drifted)")
    set_title(axes, title, "red: drifted, blue: within its limit, grey: grows with age and is not judged")
    axes.grid(visible=False, axis="y")
    return figure


def distribution_figure(values: Mapping[str, np.ndarray], unit: str, title: str) -> Figure:
    """Overlaid shares of users by value, one line per name (such as buyers and non-buyers); NaN is left out."""
    figure, axes = new_figure(6.8, 4.2)
    known = {name: numbers[np.isfinite(numbers)] for name, numbers in values.items()}
    everything = np.concatenate([*known.values(), np.zeros(1)])
    edges = np.histogram_bin_edges(everything[everything <= np.quantile(everything, 0.99)], bins=30).tolist()
    for position, (name, numbers) in enumerate(known.items()):
        weights = np.full(len(numbers), 1.0 / max(len(numbers), 1))
        colour = (MODEL, WARM, QUIET, INK)[position % 4]
        axes.hist(numbers, edges, weights=weights, histtype="stepfilled", alpha=0.25, color=colour)
        axes.hist(numbers, edges, weights=weights, histtype="step", linewidth=1.6, color=colour, label=name)
    axes.set(xlabel=unit, ylabel="share of users")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    set_title(axes, title, "the highest 1 % of values is left out")
    if len(known) > 1:
        axes.legend(frameon=False)
    return figure


def rates_figure(rates: pl.DataFrame, xlabel: str, ylabel: str, title: str) -> Figure:
    """Rates as dots and a line. `rates`: x (a number, a date or words), rate, users (written under the dots)."""
    figure, axes = new_figure(7.6, 4.2)
    positions = np.arange(rates.height)
    axes.plot(positions, rates["rate"], "o-", color=MODEL)
    ticks = positions[:: max(1, -(-rates.height // _MOST_TICKS))]
    words = [f"{row['x']}\n{row['users']:,}" for row in rates[ticks].iter_rows(named=True)]
    axes.set_xticks(ticks, words, fontsize=8)
    axes.set(xlabel=f"{xlabel} (below: users)", ylabel=ylabel)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    set_title(axes, title, "")
    return figure


def _segment_tick(row: Mapping[str, object]) -> str:
    """Name over lines of at most two words, then shares."""
    words = str(row["segment"]).split(" ")
    lines = [" ".join(words[start : start + 2]) for start in range(0, len(words), 2)]
    lines.append(f"{row['share']:.0%} of users")
    if row["revenue_share"] is not None:
        lines.append(f"{row['revenue_share']:.0%} of revenue")
    return "\n".join(lines)


def _short(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "share":
        return f"{value:.0%}"
    return f"{value:,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:.2f}"


def _probability(log_odds: float) -> str:
    return f"{1.0 / (1.0 + np.exp(-log_odds)):.1%}"


def _least(values: pl.Series) -> float:
    return min((float(value) for value in values.drop_nulls()), default=0.0)
