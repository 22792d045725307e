"""What people see of a backtest."""

import io

import polars as pl
import pytest

from ml.backtest_report import BacktestReport
from ml.backtest_tables import (
    auc_by_cutoff_figure,
    backtest_figures,
    cutoffs_table,
    differences_table,
    markdown,
    slices_table,
)
from ml.evaluation import reliability_table

PREDICTIONS = pl.DataFrame(
    {
        "label": [1.0, 0.0, 0.0, 1.0],
        "model": [0.9, 0.2, 0.1, 0.6],
        "recency": [-1.0, -2.0, -3.0, -4.0],
        "rfm_logistic": [0.5, 0.4, 0.3, 0.2],
    }
)


def line(scope: str, group: str, contender: str, figure: str, *values: float | None) -> dict[str, object]:
    names = ("scope", "group", "contender", "figure", "estimate", "low", "high")
    return dict(zip(names, (scope, group, contender, figure, *values), strict=True))


@pytest.fixture(scope="module")
def report() -> BacktestReport:
    figures = pl.DataFrame(
        [
            line("pooled", "pooled", "model", "auc", 0.85249, 0.84, 0.86),
            line("pooled", "pooled", "model", "brier", 0.05444, 0.05, 0.06),
            line("pooled", "pooled", "recency", "auc", 0.8, 0.79, 0.81),
            line("cutoff", "2024-01-01", "model", "auc", 0.85, 0.8, 0.9),
            line("cutoff", "2024-01-01", "mine", "auc", 0.8, 0.7, 0.9),
            line("cutoff", "2024-02-01", "model", "auc", 0.86, None, None),
            line("cutoff", "2024-02-01", "mine", "auc", None, None, None),
            line("value", "high spender", "model", "auc", 0.7, 0.6, 0.8),
            line("value", "high spender", "model", "observed_over_expected", 0.934, 0.9, 1.06),
        ]
    ).with_columns(rows=pl.lit(12345), positives=pl.lit(678))
    differences = pl.DataFrame(
        [
            line("pooled", "pooled", "recency", "auc", 0.05, 0.0401, 0.06),
            line("cutoff", "2024-01-01", "mine", "auc", 0.05, -0.04, 0.14),
        ]
    )
    return BacktestReport(figures, differences, reliability_table(PREDICTIONS["label"], PREDICTIONS["model"]))


def test_estimates_stand_before_their_interval_and_unknown_ones_are_empty(report: BacktestReport) -> None:
    table = cutoffs_table(report, ["auc", "brier"])
    assert table.columns == ["test cutoff", "contender", "rows", "positives", "AUC", "Brier"]
    assert table.rows() == [
        ("pooled", "model", "12,345", "678", "0.852 (0.840 to 0.860)", "0.0544 (0.0500 to 0.0600)"),
        ("pooled", "recency", "12,345", "678", "0.800 (0.790 to 0.810)", ""),
        ("2024-01-01", "model", "12,345", "678", "0.850 (0.800 to 0.900)", ""),
        ("2024-01-01", "mine", "12,345", "678", "0.800 (0.700 to 0.900)", ""),
        ("2024-02-01", "model", "12,345", "678", "0.860", ""),
        ("2024-02-01", "mine", "12,345", "678", "", ""),
    ]


def test_differences_are_pooled_slices_by_name_and_who_has_no_figure_no_line(report: BacktestReport) -> None:
    assert differences_table(report, ["auc"]).rows() == [("recency", "0.050 (0.040 to 0.060)")]
    assert cutoffs_table(report, ["brier"]).rows() == [
        ("pooled", "model", "12,345", "678", "0.0544 (0.0500 to 0.0600)")
    ]
    assert slices_table(report, ["auc", "observed_over_expected"]).rows() == [
        ("value", "high spender", "12,345", "678", "0.700 (0.600 to 0.800)", "0.93 (0.90 to 1.06)")
    ]


def test_a_report_without_slices_has_an_empty_table(report: BacktestReport) -> None:
    unsliced = BacktestReport(report.figures.filter(scope="pooled"), report.differences, report.reliability)
    table = slices_table(unsliced)
    assert table.is_empty()
    assert table.columns[:4] == ["slicing", "users who are", "rows", "positives"]


def test_markdown_has_a_head_and_a_line_a_row() -> None:
    lines = ["| a | b |", "| --- | --- |", "| 1 | x |", "| 2 |  |", ""]
    assert markdown(pl.DataFrame({"a": ["1", "2"], "b": ["x", ""]})).split("\n") == lines


def test_figures_are_labelled_and_can_be_drawn(report: BacktestReport) -> None:
    figures = backtest_figures(report, PREDICTIONS)
    assert set(figures) == {"backtest_auc", "backtest_reliability", "backtest_gain"}
    for figure in figures.values():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=40)
        assert buffer.getvalue().startswith(b"\x89PNG")
        assert figure.axes[0].get_xlabel()
        assert figure.axes[0].get_title(loc="left")


def test_each_contender_is_drawn_at_the_cutoffs_it_has(report: BacktestReport) -> None:
    axes = auc_by_cutoff_figure(report).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2024-01-01"]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["model", "mine"]
