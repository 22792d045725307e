"""Tables for the terminal: models and their baselines, the registry. Layout only; no figure is computed here."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table

from orchestration.scorecard_report import display_rows
from registry.mlflow_registry import CHALLENGER, CHAMPION, RegisteredModel

if TYPE_CHECKING:
    # Loads all that a run does.
    from cli.summary import ModelSummary
    from orchestration.pipeline import RunOutcome


def models_table(outcome: "RunOutcome", models: "Sequence[ModelSummary]") -> Table:
    """The result of a run: for each model its out-of-time figures and those of the baselines, the verdict, drift."""
    table = Table(
        title=f"As of {outcome.as_of}, {outcome.horizon_days} days ahead; tested on the newest matured window"
    )
    for heading in ("model", "version", "out of time", "recency rule", "RFM logistic", "calibration error"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    table.add_column("verdict")
    table.add_column("drift")
    for model in models:
        metrics = model.metrics
        table.add_row(
            model.kind,
            "-" if model.version is None else f"v{model.version}",
            _headline(metrics),
            _number(metrics, "recency_auc", "AUC {:.3f}"),
            _number(metrics, "rfm_logistic_auc", "AUC {:.3f}"),
            _number(metrics, "calibration_error", "{:.3f}"),
            model.verdict,
            # The report has the columns that drifted; here the conclusion is enough.
            model.drift.split("): ")[0].removesuffix(")") + ")" if "): " in model.drift else model.drift,
        )
    return table


def versions_table(kind: str, versions: Sequence[RegisteredModel], aliases: Mapping[str, int]) -> Table:
    """Every version of a model, with its aliases and headline figures."""
    table = Table(title=kind)
    for heading in ("version", "alias", "as of", "horizon", "out of time", "calibration error", "gate"):
        table.add_column(heading)
    for version in versions:
        held = [alias for alias in (CHAMPION, CHALLENGER) if aliases.get(alias) == version.version]
        table.add_row(
            f"v{version.version}",
            ", ".join(held),
            version.as_of,
            f"{version.tags['horizon_days']} days",
            _headline(version.metrics),
            _number(version.metrics, "calibration_error", "{:.3f}"),
            version.tags.get("gate", ""),
        )
    return table


def history_table(changes: Sequence[Mapping[str, Any]]) -> Table:
    """Promotions and rollbacks, newest first: who, when and why."""
    table = Table(title="who made which version champion, when and why")
    for heading in ("when (UTC)", "model", "change", "by", "why"):
        table.add_column(heading)
    for change in changes:
        before = "nothing" if change["from_version"] is None else f"v{change['from_version']}"
        table.add_row(
            f"{change['promoted_at'].astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            change["model"],
            f"{change['kind']}: {before} to v{change['to_version']}",
            change["promoted_by"],
            change["reason"],
        )
    return table


def comparison_table(champion: RegisteredModel, challenger: RegisteredModel) -> Table:
    """Champion and challenger, figure by figure, each from its own out-of-time test."""
    table = Table(title=f"{champion.kind}: champion v{champion.version} and challenger v{challenger.version}")
    table.add_column("figure")
    for heading in ("champion", "challenger", "difference"):
        table.add_column(heading, justify="right")
    for name in sorted(champion.metrics.keys() | challenger.metrics.keys()):
        ours, theirs = champion.metrics.get(name), challenger.metrics.get(name)
        difference = "" if ours is None or theirs is None else f"{theirs - ours:+.4f}"
        table.add_row(name, *("" if value is None else f"{value:.4f}" for value in (ours, theirs)), difference)
    for label in ("as_of", "test_cutoff", "gate"):
        table.add_row(label, champion.tags.get(label, ""), challenger.tags.get(label, ""), "")
    return table


def scorecard_table(scorecard: pl.DataFrame) -> Table:
    """Predictions compared with what happened, newest week first."""
    table = Table(title="Scores and predictions whose horizon is over")
    headings, rows = display_rows(scorecard)
    for heading in headings:
        table.add_column(heading)
    for cells in rows:
        table.add_row(*cells)
    return table


def text_table(title: str, rows: pl.DataFrame) -> Table:
    """A table of text. On a narrow terminal cells take more lines, but nothing is cut off."""
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    for name in rows.columns:
        table.add_column(name, overflow="fold")
    for row in rows.iter_rows():
        table.add_row(*row)
    return table


def _headline(metrics: Mapping[str, float]) -> str:
    return (
        _number(metrics, "auc", "AUC {:.3f}")
        or _number(metrics, "stability", "stability {:.2f}")
        or _number(metrics, "recipe_ndcg_at_10", "NDCG@10 {:.3f}")
    )


def _number(metrics: Mapping[str, float], name: str, form: str) -> str:
    return form.format(metrics[name]) if name in metrics else ""
