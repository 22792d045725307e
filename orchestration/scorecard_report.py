"""The scorecard for people: what was predicted beside what happened, newest weeks first, what was live apart.

Belongs here: reading the mart and laying it out. Not: any figure in it (`dbt_project/models/scorecards`).
"""

from collections.abc import Sequence

import polars as pl

from core.errors import UserError
from warehouse.campaign_effects import NamedLook
from warehouse.database import Database

_SHOWN = {
    "as_of_week": "week of",
    "model": "model",
    "kind": "kind",
    "is_live": "said",
    "model_version": "version",
    "users": "users",
    "foretold": "foretold",
    "positives": "came",
    "observed_rate": "observed",
    "predicted_rate": "predicted",
    "predicted_amount": "money foretold",
    "observed_amount": "money came",
    "auc": "AUC",
    "calibration_error": "calibration error",
    "brier": "Brier",
    "lift_at_10": "lift at 10 %",
    "uplift": "uplift of treatment",
}


def read_scorecard(warehouse: Database, model: str | None = None, weeks: int | None = None) -> pl.DataFrame:
    """Rows of `scorecards.model_scorecard`, newest week first; of one model and of the newest weeks, if asked.

    Raises UserError where the marts were never built.
    """
    if warehouse.frame("select to_regclass('scorecards.model_scorecard') is null as missing").item():
        raise UserError("There is no scorecard yet; build the marts first: customer-analyzer run")
    rows = warehouse.frame(
        "select * from scorecards.model_scorecard"
        " order by as_of_week desc, model, is_live desc, kind desc, model_version desc"
    )
    if model is not None:
        rows = rows.filter(pl.col("model") == model)
    if weeks is not None:
        rows = rows.filter(pl.col("as_of_week").rank("dense", descending=True) <= weeks)
    return rows


def display_rows(scorecard: pl.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Headings and cells: how many users and how much money were foretold and came, and figures.

    The uplift has its 95 % interval; it is empty unless there are treated and control users.
    """
    told = scorecard.with_columns(foretold=(pl.col("predicted_rate") * pl.col("users")).round().cast(pl.Int64))
    return list(_SHOWN.values()), [[_cell(name, row) for name in _SHOWN] for row in told.iter_rows(named=True)]


def scorecard_markdown(scorecard: pl.DataFrame) -> str:
    """The same as a Markdown table."""
    headings, rows = display_rows(scorecard)
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def campaigns_markdown(looks: Sequence[NamedLook]) -> str:
    """What campaigns did beside their control groups, as a Markdown table."""
    lines = [["campaign", "variant", "outcome", "effect"], ["---"] * 4]
    for each in looks:
        told = "Arms lack users; do not believe it." if each.look.is_mismatched else each.look.summary
        lines.append([each.name.replace("|", "/"), each.look.variant, each.look.outcome, told])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _cell(name: str, row: dict[str, object]) -> str:
    value = row[name]
    if value is None:
        return ""
    if name == "is_live":
        return "live" if value else "in hindsight"
    if name in {"predicted_amount", "observed_amount"}:
        return f"{value:,.0f}"
    if name == "uplift":
        return f"{value:+.3f} ± {1.96 * float(str(row['uplift_standard_error'])):.3f}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
