"""Pictures: every one has words on its axes, can be rendered, and shows the numbers it was given."""

import io
from datetime import date

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from ml import plots
from ml.evaluation import Evaluation, gain_table, reliability_table
from ml.segments.evaluation import SegmentationEvaluation


def propensity_evaluation() -> Evaluation:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-2.0, 1.0, 800)
    probability = 1.0 / (1.0 + np.exp(-log_odds))
    label = rng.random(800) < probability
    predictions = pl.DataFrame(
        {
            "user_id": [f"u{number}" for number in range(800)],
            "as_of": [date(2025, 1, 1)] * 800,
            "label": label,
            "probability": probability,
            "recency": rng.normal(log_odds, 1.0),
            "rfm_logistic": rng.normal(log_odds, 0.5),
        }
    )
    return Evaluation({}, reliability_table(label, probability), gain_table(label, probability), predictions)


def segmentation_evaluation() -> SegmentationEvaluation:
    names = {1: "Active loyal big spenders", 2: "Lapsed one-time buyers"}
    return SegmentationEvaluation(
        metrics={"segments": 2.0},
        candidates=pl.DataFrame({"k": [2, 3], "stability": [0.9, 0.8], "silhouette": [0.4, -0.1]}),
        segments=pl.DataFrame(
            {"segment_id": [1, 2], "segment": list(names.values()), "share": [0.2, 0.8], "revenue_share": [None, 0.4]}
        ),
        profile=pl.DataFrame(
            [
                {"segment_id": i, "segment": n, "label": label, "unit": unit, "median": median, "deviation": 1.8 - i}
                for i, n in names.items()
                for label, unit, median in (
                    ("orders", "orders", 3.0),
                    ("refunded", "share", 0.1),
                    ("gap", "days", None),
                )
            ]
        ),
        reason="",
    )


NAMES = (
    "propensity_reliability",
    "propensity_gain",
    "segments_segment_profile",
    "segments_segment_choice",
    "importance",
    "contributions",
    "no_contributions",
    "drift",
    "distribution",
    "rates",
)


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return {
        **{f"propensity_{name}": figure for name, figure in plots.evaluation_figures(propensity_evaluation()).items()},
        **{f"segments_{name}": figure for name, figure in plots.evaluation_figures(segmentation_evaluation()).items()},
        "importance": plots.importance_figure(pl.DataFrame({"name": ["recency", "value"], "value": [0.5, 0.2]})),
        "contributions": plots.contributions_figure(
            {"quiet for 80 days": 1.2, "spent 100": -0.4, "other": 0.1}, -1.4, top=2
        ),
        "no_contributions": plots.contributions_figure({}, 0.0),
        "drift": plots.drift_figure(
            pl.DataFrame(
                {
                    "column": ["amount", "tenure", "empty"],
                    "distance": [0.5, 0.4, None],
                    "threshold": [0.2, 0.2, None],
                    "is_drifted": [True, True, False],
                    "is_judged": [True, False, False],
                }
            )
        ),
        "distribution": plots.distribution_figure(
            {"a": np.array([1.0, 2.0, np.nan]), "b": np.array([])}, "days", "Title"
        ),
        "rates": plots.rates_figure(
            pl.DataFrame({"x": ["0-7", "8-30"], "rate": [0.5, 0.1], "users": [10, 2000]}), "x", "y", "t"
        ),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_labelled_and_can_be_drawn(figures: dict[str, Figure], name: str) -> None:
    figure = figures[name]
    assert isinstance(figure, Figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=40)
    assert buffer.getvalue().startswith(b"\x89PNG")
    axes = figure.axes[0]
    assert axes.get_xlabel() or axes.get_xticklabels()
    assert axes.get_title(loc="left") or figure.get_suptitle()


def test_a_model_run_gets_its_figures() -> None:
    assert set(plots.evaluation_figures(propensity_evaluation())) == {"reliability", "gain"}
    assert set(plots.evaluation_figures(segmentation_evaluation())) == {"segment_profile", "segment_choice"}


def test_the_waterfall_ends_at_the_probability_of_the_user(figures: dict[str, Figure]) -> None:
    texts = [text.get_text() for text in figures["contributions"].axes[0].texts]
    probability = 1.0 / (1.0 + np.exp(-(-1.4 + 1.2 - 0.4 + 0.1)))
    assert any(text.endswith(f"to {probability:.1%} for this user") for text in texts)
    labels = [label.get_text() for label in figures["contributions"].axes[0].get_yticklabels()]
    assert labels == ["quiet for 80 days", "spent 100", "all others (1)"]


def test_the_gain_shows_the_baselines_on_the_same_users(figures: dict[str, Figure]) -> None:
    legend = figures["propensity_gain"].axes[0].get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["model", "RFM + logistic regression", "recency alone", "at random"]


def test_the_heat_map_writes_medians_in_their_unit(figures: dict[str, Figure]) -> None:
    written = {text.get_text() for text in figures["segments_segment_profile"].axes[0].texts}
    assert written == {"3", "10%", "-"}
