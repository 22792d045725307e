"""What all figures have in common: colours, axes, titles. Figures are made without pyplot, so nothing is global."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

MODEL, WARM, QUIET, INK = "#2563a8", "#c8553d", "#9aa1ab", "#2b2f36"
BASELINES = {"rfm_logistic": ("RFM + logistic regression", "#7a9e4a"), "recency": ("recency alone", "#d19a2e")}
"""Words and colour of the contenders that every evaluation has."""


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of one plot; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    style_axes(axes)
    return figure, axes


def style_axes(axes: Axes) -> None:
    """Light grid behind, no box around."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)


def set_title(axes: Axes, title: str, subtitle: str) -> None:
    """A bold title on the left, with one quiet line under it."""
    axes.set_title(f"{title}\n", loc="left", fontsize=12, color=INK, fontweight="bold")
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, fontsize=9, color="#5d636d")
